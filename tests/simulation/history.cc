#include "tests/simulation/history.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include "tests/simulation/pauses.h"
#include "tests/simulation/shrink.h"
#include "tests/simulation/simulation.h"

namespace batchite::simulation {
namespace {

std::string without_numbers(std::string text) {
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return text;
}

std::vector<int*> numbers_of(Command& command) {
  std::vector<int*> numbers{&command.pause};
  for (int& argument : command.arguments) numbers.push_back(&argument);
  return numbers;
}

// Of commands that are needed for the time before them only that time.
template <class Fails>
History only_passing(History history, const Fails& fails) {
  const auto pass = std::ranges::find(kinds(), "pass", &Kind::name);
  for (Command& command : history) {
    Command before = std::exchange(command, Command{&*pass, command.pause});
    if (!fails(history)) command = std::move(before);
  }
  return history;
}

// The time of commands that only pass, as far as it is needed, taken over by the command that follows.
template <class Fails>
History with_fewer_pauses(History history, const Fails& fails) {
  for (std::size_t at = history.size(); at-- > 1;) {
    for (int pause = history[at].pause; pause < static_cast<int>(std::size(kPauses)); ++pause) {
      if (history[at - 1].kind->name != "pass") break;
      History merged = history;
      merged[at].pause = pause;
      merged.erase(merged.begin() + static_cast<std::ptrdiff_t>(at - 1));
      if (!fails(merged)) continue;
      history = std::move(merged);
      break;
    }
  }
  return history;
}

Failing tried_here(const History& history, int kept_every) {
  try {
    Simulation world(kept_every);
    for (const Command& command : history) world.perform(command);
    world.come_to_rest();
    world.end();
  } catch (const std::exception& error) {
    return error.what();
  }
  return std::nullopt;
}

std::string read_all(int pipe) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = read(pipe, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(pipe);
  return text;
}

Failing tried_apart(const History& history, int kept_every) {
  int pipes[2];
  if (pipe(pipes) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    const std::string failing = tried_here(history, kept_every).value_or("");
    const ssize_t written = write(pipes[1], failing.data(), failing.size());
    _exit(written == static_cast<ssize_t>(failing.size()) ? 0 : 1);
  }
  close(pipes[1]);
  const std::string failing = read_all(pipes[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return fmt::format("it crashed: {}", strsignal(WTERMSIG(status)));
  return failing.empty() ? std::nullopt : std::optional(failing);
}

}  // namespace

Failing tried(const History& history) { return tried_apart(history, 16); }
Failing tried_thoroughly(const History& history) { return tried_apart(history, 1); }

History shrunk(const History& history, const Judge& judge) {
  const std::string wanted = without_numbers(judge(history).value_or(""));
  const auto fails = [&](const History& some) {
    const Failing failing = judge(some);
    return failing && without_numbers(*failing) == wanted;
  };
  History enough = only_passing(shortened(history, fails), fails);
  enough = plainer(with_fewer_pauses(std::move(enough), fails), fails, numbers_of);
  return shortened(std::move(enough), fails);  // plain commands may have nothing to do any more
}

}  // namespace batchite::simulation
