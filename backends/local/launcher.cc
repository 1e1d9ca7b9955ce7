#include "backends/local/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <deque>
#include <set>
#include <system_error>
#include <unordered_set>

#include "backends/local/task_table.h"

namespace batchite {

namespace {

constexpr int kStartsPerTurn = 4;    // then exits are looked at again
constexpr int kPacketsPerTurn = 16;  // so that a busy server cannot keep us from starting what it asked for

class Server {
 public:
  explicit Server(int socket);
  // Returns when the other side has gone and every process with it.
  void serve();

 private:
  void take_orders();
  void obey(RunRequest& request);
  void obey(const KillRequest& request);
  void obey(const PrepareNode& order) { tasks_.prepare_node(order); }
  void obey(const ForgetNode& order) { tasks_.forget_node(order.node); }
  void start_some();
  void report();
  bool send_unsent();
  void take_signals();
  void wait();

  int socket_;
  pid_t parent_ = ::getppid();
  FileDescriptor signals_;
  TaskTable tasks_;
  std::deque<RunRequest> waiting_;
  std::unordered_set<std::uint64_t> waiting_ids_, cancelled_;
  std::string received_, unsent_;  // unsent_: a packet of exits for which the socket had no room
  std::vector<TaskExit> exits_;    // still to be packed
  bool is_over_ = false;
};

Server::Server(int socket) : socket_(socket) {
  // SIGTERM tells of our parent's death; the others are for the server, which stops us in order.
  sigset_t watched;
  ::sigemptyset(&watched);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&watched, signal);
  ::sigprocmask(SIG_SETMASK, &watched, nullptr);
  signals_.reset(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw std::system_error(errno, std::system_category(), "signalfd");
  ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

void Server::serve() {
  while (!is_over_) {
    take_orders();
    start_some();
    tasks_.look_after();
    report();
    wait();
  }
  tasks_.kill_all();
}

void Server::take_orders() {
  for (int i = 0; i < kPacketsPerTurn; ++i) {
    const Received received = receive_packet(socket_, received_, MSG_DONTWAIT);
    if (received == Received::End) is_over_ = true;
    if (received != Received::Packet) return;
    for (Order& order : decode_orders(received_)) {
      std::visit([this](auto& each) { obey(each); }, order);
    }
  }
}

void Server::obey(RunRequest& request) {
  waiting_ids_.insert(request.id);
  waiting_.push_back(std::move(request));
}

void Server::obey(const KillRequest& request) {
  if (waiting_ids_.contains(request.id)) {
    cancelled_.insert(request.id);
  } else {
    tasks_.kill(request.id);
  }
}

void Server::start_some() {
  for (int i = 0; i < kStartsPerTurn && !waiting_.empty() && !is_over_; ++i) {
    const RunRequest request = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_ids_.erase(request.id);
    if (cancelled_.erase(request.id) > 0) {
      tasks_.cancel(request);
    } else {
      tasks_.start(request);
    }
  }
}

bool Server::send_unsent() {
  if (unsent_.empty()) return true;
  if (!send_packet(socket_, unsent_, MSG_DONTWAIT)) return false;
  unsent_.clear();
  return true;
}

void Server::report() {
  for (TaskExit& exit : tasks_.take_exits()) exits_.push_back(std::move(exit));
  try {
    std::size_t next = 0;
    while (send_unsent() && next < exits_.size()) {
      while (next < exits_.size() && unsent_.size() < kPacketSize / 2) encode(exits_[next++], unsent_);
    }
    exits_.erase(exits_.begin(), exits_.begin() + static_cast<std::ptrdiff_t>(next));
  } catch (const std::system_error&) {
    is_over_ = true;  // nobody is there to be told
  }
}

void Server::take_signals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
    // The death signal also comes when only the thread that started us has ended: then the parent is still the same.
    if (signal.ssi_signo == SIGTERM && ::getppid() != parent_) is_over_ = true;
  }
}

void Server::wait() {
  if (is_over_) return;
  pollfd files[] = {{socket_, static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT), 0},
                    {signals_.get(), POLLIN, 0}};
  timespec timeout{};
  const auto when = tasks_.next_wake();
  if (waiting_.empty() && when) {
    const auto left = std::max(std::chrono::nanoseconds(*when - TaskTable::Clock::now()), std::chrono::nanoseconds(0));
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
    timeout.tv_nsec = (left % std::chrono::seconds(1)).count();
  }
  const bool is_open_end = waiting_.empty() && !when;
  if (::ppoll(files, 2, is_open_end ? nullptr : &timeout, nullptr) > 0 && files[1].revents != 0) take_signals();
}

// What tasks inherit of us is made plain: no open files, default signals, umask 022, no core files.
void become_plain(int socket) {
  ::prctl(PR_SET_NAME, "batchite-launch", 0, 0, 0);
  ::setsid();
  ::close_range(static_cast<unsigned>(socket) + 1, ~0U, 0);
  if (socket > 3) ::close_range(3, static_cast<unsigned>(socket) - 1, 0);
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  while (::fcntl(2, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) >= 0) {  // NOLINT: 0, 1 and 2 are to be inherited
  }
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::umask(022);
  rlimit core{};
  ::getrlimit(RLIMIT_CORE, &core);
  core.rlim_cur = core.rlim_max = 0;
  ::setrlimit(RLIMIT_CORE, &core);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    throw std::system_error(errno, std::system_category(), "becoming subreaper");
}

}  // namespace

int launcher_main(int socket_fd) {
  try {
    become_plain(socket_fd);
    Server(socket_fd).serve();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "batchite launcher: %s\n", error.what());
    return 1;
  }
}

}  // namespace batchite
