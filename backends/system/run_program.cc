#include "backends/system/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/optional.hpp>
// Debian's boost-filesystem is not among what we link.
#define BOOST_PROCESS_USE_STD_FS
#include <boost/process/v2/posix/vfork_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <system_error>

namespace batchite {
namespace {

namespace process = boost::process::v2;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMostOutput = std::size_t{1} << 20;
constexpr int kPolled = 50;  // milliseconds

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "making a pipe");
  }
  ~Pipe() {
    close(0);
    close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close(int end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

// Between fork and exec: a process group of its own, so that all of it can be killed.
struct InGroupOfItsOwn {
  static process::error_code on_exec_setup(process::posix::default_launcher&, const std::filesystem::path&,
                                           const char* const*) {
    const bool done = ::setpgid(0, 0) == 0 && ::chdir("/") == 0;
    return done ? process::error_code() : process::error_code(errno, process::system_category());
  }
  // The child shares our memory, so it must not run exit handlers, which is what Boost would do next.
  template <class... Ignored>
  static void on_exec_error(process::posix::default_launcher&, const Ignored&...) {
    ::syscall(SYS_exit_group, 127);
  }
};

// What has come; false: nothing more will.
bool read_some(Pipe& pipe, std::string& into) {
  char buffer[4096];
  const ssize_t count = ::read(pipe.reading(), buffer, sizeof buffer);
  if (count < 0 && errno == EINTR) return true;
  if (count <= 0) return false;
  into.append(buffer, std::min(static_cast<std::size_t>(count), kMostOutput - into.size()));
  return true;
}

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// Reads until the program has ended, whoever else may still hold the pipes.
ProgramEnd follow(pid_t pid, Pipe& out, Pipe& err, SteadyClock::time_point deadline) {
  ProgramEnd end;
  bool has_ended = false;
  for (;;) {
    pollfd both[2] = {{out.reading(), POLLIN, 0}, {err.reading(), POLLIN, 0}};
    const int ready = ::poll(both, 2, has_ended ? 0 : kPolled);
    if (ready > 0 && both[0].revents != 0 && !read_some(out, end.out)) out.close(0);
    if (ready > 0 && both[1].revents != 0 && !read_some(err, end.err)) err.close(0);
    const bool is_late = SteadyClock::now() > deadline;
    if (has_ended && (ready <= 0 || is_late || (out.reading() < 0 && err.reading() < 0))) return end;
    int status = 0;
    if (!has_ended && ::waitpid(pid, &status, WNOHANG) == pid) {
      has_ended = true;
      end.exit_code = exit_code_of(status);
    } else if (!has_ended && is_late) {
      end.in_time = false;
      ::kill(-pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      end.exit_code = exit_code_of(status);
      return end;
    }
  }
}

}  // namespace

ProgramEnd run_program(const std::vector<std::string>& command, Ticks limit) {
  Pipe out, err;
  boost::asio::io_context context{1};  // never run: we wait ourselves
  process::posix::vfork_launcher launcher;
  process::error_code error;
  const std::vector<std::string> arguments(command.begin() + 1, command.end());
  auto child =
      launcher(context.get_executor(), error, std::filesystem::path(command.front()), arguments,
               process::process_stdio{.in = nullptr, .out = out.writing(), .err = err.writing()}, InGroupOfItsOwn{});
  if (error) {
    if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);
    throw std::system_error(error.value(), std::system_category(), "starting " + command.front());
  }
  const pid_t pid = child.id();
  child.detach();  // waited for below
  out.close(1);
  err.close(1);
  return follow(pid, out, err, SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(limit));
}

std::string find_program(const std::string& name, const std::string& path) {
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/" + name;
    if (!folder.empty() && ::access(file.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(file)) return file;
  }
  return "";
}

}  // namespace batchite
