#include "backends/local/launcher_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
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
#include <filesystem>
#include <system_error>

#include "core/base/error.h"

namespace batchite {

namespace {

namespace process = boost::process::v2;

// Boost.Process's way to run code between fork and exec: our socket becomes descriptor 3.
struct SocketAsThree {
  int socket;

  process::error_code on_exec_setup(process::posix::default_launcher&, const std::filesystem::path&,
                                    const char* const*) const {
    const bool is_there = socket == kLauncherSocket;
    const int done = is_there ? ::fcntl(socket, F_SETFD, 0) : ::dup2(socket, kLauncherSocket);
    return done < 0 ? process::error_code(errno, process::system_category()) : process::error_code();
  }
  // The child shares our memory, so it must not run exit handlers, which is what Boost would do next.
  template <class... Ignored>
  static void on_exec_error(process::posix::default_launcher&, const Ignored&...) {
    // Boost 1.81 asks for this with five arguments and calls it with four. Sanitizers hook _exit.
    ::syscall(SYS_exit_group, 127);
  }
};

std::filesystem::path program_path(const LauncherOptions& options) {
  if (!options.program.empty()) return options.program;
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  // A program that was replaced while it runs has no path any more, but still this one.
  return !error && std::filesystem::exists(path, error) ? path : "/proc/self/exe";
}

}  // namespace

struct Launcher::Process {
  using Executor = boost::asio::io_context::executor_type;

  Process(const LauncherOptions& options, int socket) : child(start(context, options, socket)) {}

  static process::basic_process<Executor> start(boost::asio::io_context& context, const LauncherOptions& options,
                                                int socket) {
    process::posix::vfork_launcher launcher;
    launcher.fd_whitelist.push_back(kLauncherSocket);
    process::error_code error;
    auto child = launcher(context.get_executor(), error, program_path(options), options.arguments,
                          process::process_stdio{.in = nullptr, .out = nullptr, .err = {}}, SocketAsThree{socket});
    if (error) {
      if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);
      throw std::system_error(error.value(), std::system_category(),
                              "starting the launcher " + program_path(options).string());
    }
    return child;
  }

  boost::asio::io_context context{1};  // never run: we wait for the socket, not for the process
  process::basic_process<Executor> child;
};

Launcher::Launcher(const LauncherOptions& options) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    throw std::system_error(errno, std::system_category(), "making the launcher's socket");
  }
  socket_.reset(pair[0]);
  FileDescriptor theirs(pair[1]);
  // Not among the standard streams, which a daemon's parent may have closed and the launcher gets new ones of.
  theirs.reset(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, kLauncherSocket));
  if (!theirs) throw std::system_error(errno, std::system_category(), "making the launcher's socket");
  process_ = std::make_unique<Process>(options, theirs.get());
}

Launcher::~Launcher() {
  socket_.reset();  // tells it to kill everything and end
  process::error_code ignored;
  process_->child.wait(ignored);
}

int Launcher::pid() const { return process_->child.id(); }

void Launcher::send(std::string_view packet) {
  const std::lock_guard lock(sending_);
  try {
    send_packet(socket_.get(), packet, 0);
  } catch (const std::system_error& error) {
    throw LauncherLost(error.what());
  }
}

void Launcher::order(const Order& order) {
  std::string packet;
  encode(order, packet);
  send(packet);
}

void Launcher::run(const RunRequest& request) { run_many({&request, 1}); }

void Launcher::run_many(std::span<const RunRequest> requests) {
  std::string packet, next;
  for (const RunRequest& request : requests) {
    if (request.isolation == Isolation::Overlay) throw UsageError("overlay is not available yet");
    next.clear();
    encode(request, next);
    if (!packet.empty() && packet.size() + next.size() > kPacketSize) {
      send(packet);
      packet.clear();
    }
    packet += next;
  }
  if (!packet.empty()) send(packet);
}

void Launcher::kill(std::uint64_t id) { order(KillRequest{id}); }
void Launcher::prepare_node(std::uint32_t node, std::vector<std::string> writable) {
  order(PrepareNode{node, std::move(writable)});
}
void Launcher::forget_node(std::uint32_t node) { order(ForgetNode{node}); }

std::vector<TaskExit> Launcher::wait(std::chrono::milliseconds timeout) {
  std::vector<TaskExit> exits;
  pollfd file{socket_.get(), POLLIN, 0};
  while (::poll(&file, 1, timeout.count() < 0 ? -1 : static_cast<int>(timeout.count())) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::system_category(), "waiting for the launcher");
  }
  std::string packet;
  for (;;) {
    const Received received = receive_packet(socket_.get(), packet, MSG_DONTWAIT);
    if (received == Received::Nothing) return exits;
    if (received == Received::End) break;
    for (TaskExit& exit : decode_exits(packet)) exits.push_back(std::move(exit));
  }
  if (exits.empty()) throw LauncherLost("the launcher has ended unexpectedly");
  return exits;
}

}  // namespace batchite
