#include "backends/azure/at_once.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "core/workflow/add_tasks.h"
#include "core/workflow/transfer.h"
#include "tests/support/documents.h"
#include "tests/support/emulated_azure.h"
#include "tests/support/fake_backend.h"

namespace batchite {
namespace {

using namespace std::chrono_literals;

// Lets nobody through until so many wait for it, or it is tired of waiting; from then on everybody.
class Gate {
 public:
  explicit Gate(std::size_t opens_at, std::chrono::seconds patience = 10s) : opens_at_(opens_at), patience_(patience) {}
  void pass() {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++waiting_);
    if (waiting_ >= opens_at_) opened_.notify_all();
    if (!is_given_up_) is_given_up_ = !opened_.wait_for(lock, patience_, [this] { return most_ >= opens_at_; });
    --waiting_;
  }
  std::size_t most() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  const std::size_t opens_at_;
  const std::chrono::seconds patience_;
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  std::size_t waiting_ = 0, most_ = 0;
  bool is_given_up_ = false;
};

void nobody_hears(std::size_t) {}

TEST(AtOnceTest, EveryNumberIsDoneOnceAndNoMoreAtATimeThanIsAllowed) {
  Gate gate(4);
  std::mutex mutex;
  std::multiset<std::size_t> done;
  const auto work = [&](std::size_t number) {
    gate.pass();
    const std::lock_guard lock(mutex);
    done.insert(number);
  };
  azure::each_at_once(100, 4, work, nobody_hears);
  EXPECT_EQ(gate.most(), 4u);
  EXPECT_EQ(done.size(), 100u);
  EXPECT_EQ(std::set<std::size_t>(done.begin(), done.end()).size(), 100u);
}

TEST(AtOnceTest, NothingToDoIsDone) {
  azure::each_at_once(
      0, 4, [](std::size_t) { FAIL(); }, [](std::size_t) { FAIL(); });
}

TEST(AtOnceTest, WhatIsDoneIsToldInOrderByTheCaller) {
  // The first of four waits for the others, which are done before it.
  Gate others(3);
  std::vector<std::size_t> told;
  const auto caller = std::this_thread::get_id();
  const auto work = [&](std::size_t number) {
    if (number % 4 != 0) return others.pass();
    while (others.most() < 3) std::this_thread::yield();
  };
  azure::each_at_once(4, 4, work, [&](std::size_t number) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    told.push_back(number);
  });
  EXPECT_EQ(told, (std::vector<std::size_t>{0, 1, 2, 3}));
}

// "0 1 2: 3" for the numbers that were told and what was thrown.
std::string told_with_failures(std::size_t count, const std::set<std::size_t>& failing, std::atomic<int>& begun) {
  std::string told;
  const auto work = [&](std::size_t number) {
    ++begun;
    if (failing.contains(number)) throw std::runtime_error(std::to_string(number));
  };
  try {
    azure::each_at_once(count, 4, work, [&](std::size_t number) { told += std::to_string(number) + " "; });
  } catch (const std::runtime_error& error) {
    return told + "- " + error.what();
  }
  return told;
}

TEST(AtOnceTest, AFailureEndsItAndIsToldAsIfOneCameAfterTheOther) {
  for (int i = 0; i < 200; ++i) {
    std::atomic<int> begun{0};
    EXPECT_EQ(told_with_failures(20, {3, 4, 5}, begun), "0 1 2 - 3");
  }
}

// More than can be done before an end is noticed.
constexpr std::size_t kVeryMany = 10'000'000;

TEST(AtOnceTest, AfterAFailureNothingIsBegun) {
  std::atomic<std::size_t> begun{0};
  std::atomic<bool> has_failed{false};
  const auto work = [&](std::size_t number) {
    ++begun;
    if (number == 3) has_failed = true;
    if (number == 3) throw std::runtime_error("3");
    while (number > 3 && !has_failed) std::this_thread::yield();
  };
  EXPECT_THROW(azure::each_at_once(kVeryMany, 4, work, nobody_hears), std::runtime_error);
  EXPECT_LT(begun, kVeryMany);
}

TEST(AtOnceTest, WhoeverListensMayEndItToo) {
  std::atomic<std::size_t> begun{0};
  std::atomic<bool> has_failed{false};
  const auto work = [&](std::size_t number) {
    ++begun;
    while (number > 2 && !has_failed) std::this_thread::yield();
  };
  const auto listen = [&](std::size_t number) {
    if (number == 2) has_failed = true;
    if (number == 2) throw std::runtime_error("enough");
  };
  EXPECT_THROW(azure::each_at_once(kVeryMany, 4, work, listen), std::runtime_error);
  EXPECT_LT(begun, kVeryMany);
}

struct Quiet : workflow::Observer {
  void on(const workflow::Event& event) override {
    if (const auto* file = std::get_if<workflow::FileUploaded>(&event)) told += file->file + " ";
    if (const auto* file = std::get_if<workflow::FileDownloaded>(&event)) told += file->path + " ";
  }
  std::string told;
};

// Ten files of a run, up to a container and down again.
class FilesAtOnceTest : public ::testing::Test {
 protected:
  FilesAtOnceTest() {
    for (int i = 0; i < 10; ++i) files.inputs[fmt::format("in/{}", i)] = fmt::format("content {}", i);
  }
  std::string failure_of(Backend& backend) {
    workflow::RunStorage storage(backend, pace, observer, {});
    try {
      storage.upload({"data", "in/*"}, files);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "none";
  }

  testing::EmulatedAzure azure;
  testing::FakeBackend nobody;
  testing::FakePace pace{nobody};
  testing::FakeFiles files;
  Quiet observer;
};

TEST_F(FilesAtOnceTest, GoUpAndComeDownTogetherAndAreToldInOrder) {
  Gate up(8), down(8);
  azure.before_each = [&](const HttpRequest& request) {
    if (request.url.find("/data/") == std::string::npos) return;
    (request.method == "PUT" ? up : down).pass();
  };
  const auto backend = azure.open();
  EXPECT_EQ(failure_of(*backend), "none");
  EXPECT_EQ(up.most(), 8u);
  EXPECT_EQ(observer.told, "in/0 in/1 in/2 in/3 in/4 in/5 in/6 in/7 in/8 in/9 ");
  observer.told.clear();
  workflow::RunStorage storage(*backend, pace, observer, {});
  storage.note_written("other");
  for (const auto& [path, content] : files.inputs) {
    StringSource source(content);
    workflow::Containers(*backend).put("other", path.substr(3), source);
  }
  azure.before_each = [&](const HttpRequest& request) {
    if (request.method == "GET" && request.url.find("/other/") != std::string::npos) down.pass();
  };
  storage.download(files);
  EXPECT_EQ(down.most(), 8u);
  EXPECT_EQ(observer.told, "out/0 out/1 out/2 out/3 out/4 out/5 out/6 out/7 out/8 out/9 ");
  EXPECT_EQ(files.outputs.at("7"), "content 7");
}

TEST_F(FilesAtOnceTest, AFailureNamesItsFile) {
  azure.before_each = [&](const HttpRequest& request) {
    // Known by its body, so that it does not matter which request comes first.
    if (request.body == "content 4") throw Error(403, "AuthorizationFailure", "Not this one.");
  };
  EXPECT_EQ(failure_of(*azure.open()), "AuthorizationFailure: Not this one. (File: in/4)");
  EXPECT_EQ(observer.told, "in/0 in/1 in/2 in/3 ");
}

TEST_F(FilesAtOnceTest, ManyLargeOnesDoNotMultiplyTheRequests) {
  for (auto& [path, content] : files.inputs) content.assign(1000, path.back());
  Gate gate(12, 1s);  // eight files, and three pieces more than one a file
  azure.before_each = [&](const HttpRequest& request) {
    if (request.url.find("comp=block&") != std::string::npos) gate.pass();
  };
  EXPECT_EQ(failure_of(*azure.open({.size = 100, .at_once = 4})), "none");
  EXPECT_EQ(gate.most(), 11u);
}

}  // namespace
}  // namespace batchite
