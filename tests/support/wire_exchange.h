// Golden exchanges: a file is played against an endpoint, and its answer must be the file's. With BATCHITE_BLESS=1 the
// answers are written into the files instead; the difference is then a person's to judge.
//
//   # What it shows, in a sentence.
//   ### before                      any number of these: requests that are just made
//   POST /jobs
//   {"id": "j1", "poolInfo": {"poolId": "p1"}}
//   ### request
//   GET /jobs/j1
//   If-None-Match: 0x8DE8209F0B8C5BC
//   ### answer
//   HTTP/1.1 304 …
//
// What else may stand there, and what {{…}} means, is told by the test that plays the files of its folder.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "emulator/http/message.h"

namespace batchite::testing {

struct WireSection {
  std::string title;  // "before", "wait PT5M", "request", "answer"
  std::string text;
};

struct WireExchange {
  std::string comment = {};
  std::vector<WireSection> sections = {};

  const WireSection& section(const std::string& title) const {
    for (const WireSection& one : sections) {
      if (one.title == title) return one;
    }
    throw std::runtime_error("there is no section '### " + title + "'");
  }
};

inline WireExchange read_exchange(const std::filesystem::path& path) {
  WireExchange exchange;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### ")) {
      exchange.sections.push_back({line.substr(4), ""});
    } else if (exchange.sections.empty()) {
      exchange.comment += line + "\n";
    } else {
      exchange.sections.back().text += line + "\n";
    }
  }
  return exchange;
}

// Headers up to an empty line, or the first line of a body in JSON or XML. Without the line breaks at the body's end.
inline http::Request parse_wire_request(const std::string& text, std::string& body) {
  http::Request request;
  std::istringstream lines(text);
  std::string line, target;
  std::getline(lines, line);
  std::istringstream(line) >> request.method >> target;
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  bool in_body = false;
  while (std::getline(lines, line)) {
    in_body = in_body || line.empty() || std::string_view("{[<").find(line.front()) != std::string_view::npos;
    if (in_body) {
      body += line + "\n";
    } else {
      const std::size_t colon = line.find(": ");
      request.headers.add(line.substr(0, colon), line.substr(colon + 2));
    }
  }
  while (body.ends_with('\n')) body.pop_back();
  if (body.starts_with('\n')) body.erase(0, 1);
  request.has_body = !body.empty();
  request.length = body.size();
  return request;
}

// {{name}} becomes what `value_of` says of it.
inline void fill_in(std::string& text, const std::function<std::string(const std::string& name)>& value_of) {
  for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at)) {
    const std::size_t end = text.find("}}", at);
    const std::string what = value_of(text.substr(at + 2, end - at - 2));
    text.replace(at, end + 2 - at, what);
    at += what.size();
  }
}

inline void replace_all(std::string& text, const std::string& what, const std::string& by) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// A section that comes before the request that is asked about: one that must succeed, or a time to let pass.
inline void play_before(const WireSection& section, const std::function<http::Response(const std::string& text)>& make,
                        const std::function<void(Ticks)>& wait) {
  if (section.title == "before") {
    const http::Response response = make(section.text);
    if (response.status >= 400) ADD_FAILURE() << "a request before failed: " << section.text << response.body;
  } else if (section.title.starts_with("wait ")) {
    wait(parse_duration(section.title.substr(5)).value());
  }
}

// Status line and headers.
inline std::string wire_head(const http::Response& response) {
  std::string text =
      "HTTP/1.1 " + std::to_string(response.status) + (response.reason.empty() ? "" : " ") + response.reason + "\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\n";
  return text;
}

// The files of a folder of fixtures, by name without ".http".
class WireFolder {
 public:
  explicit WireFolder(const std::string& name) : folder_(std::string(BATCHITE_FIXTURES) + "/" + name) {}

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    if (!std::filesystem::exists(folder_)) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ".http") names.push_back(entry.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  // "Pool_Get" of "Pool_Get.not_found".
  static std::string subject_of(const std::string& name) { return name.substr(0, name.find('.')); }
  std::set<std::string> subjects() const {
    std::set<std::string> subjects;
    for (const std::string& name : names()) subjects.insert(subject_of(name));
    return subjects;
  }
  WireExchange read(const std::string& name) const { return read_exchange(path(name)); }

  // Plays the subject's files and compares, or blesses.
  void check(const std::string& subject, const std::function<std::string(const WireExchange&)>& play) const {
    for (const std::string& name : names()) {
      if (subject_of(name) != subject) continue;
      SCOPED_TRACE(path(name).string());
      const WireExchange exchange = read(name);
      const std::string actual = play(exchange);
      if (is_blessing()) {
        bless(name, exchange, actual);
      } else {
        EXPECT_EQ(actual, exchange.section("answer").text);
      }
    }
  }

 private:
  std::filesystem::path path(const std::string& name) const { return folder_ / (name + ".http"); }
  static bool is_blessing() {
    const char* bless = std::getenv("BATCHITE_BLESS");
    return bless && std::string_view(bless) == "1";
  }
  void bless(const std::string& name, const WireExchange& exchange, const std::string& answer) const {
    std::ofstream file(path(name));
    file << exchange.comment;
    for (const WireSection& section : exchange.sections) {
      if (section.title != "answer") file << "### " << section.title << "\n" << section.text;
    }
    file << "### answer\n" << answer;
  }

  std::filesystem::path folder_;
};

}  // namespace batchite::testing
