// The server's end of the launcher (launcher.h): starts that process and talks to it.
// Make it early in main(): starting is cheap at any time, but the launcher keeps what it inherits (limits, user,
// namespaces). Threads: orders may come from any thread; they block only while the launcher's socket is full, which it
// empties at once. wait() and fd() belong to one reading thread. Orders are obeyed in the order they were given. Every
// run ends in exactly one TaskExit that does not linger. Destruction ends the launcher and every process of every task
// before it returns.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "backends/local/file_descriptor.h"
#include "backends/local/launcher.h"
#include "backends/local/launcher_protocol.h"

namespace batchite {

struct LauncherOptions {
  std::string program;                                   // empty: this program itself
  std::vector<std::string> arguments = {kLauncherVerb};  // what makes it call launcher_main(kLauncherSocket)
};

// The launcher has ended although nobody asked it to. Its tasks are gone; it cannot be revived, only replaced.
class LauncherLost : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Launcher {
 public:
  // Throws std::system_error when it cannot be started.
  explicit Launcher(const LauncherOptions& options = {});
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // All of these throw LauncherLost.
  void run(const RunRequest& request);
  void run_many(std::span<const RunRequest> requests);  // fewer packets than run() in a loop
  void kill(std::uint64_t id);                          // nothing happens if it is over
  void prepare_node(std::uint32_t node, std::vector<std::string> writable);
  void forget_node(std::uint32_t node);

  // Readable when wait() has something to say.
  int fd() const { return socket_.get(); }
  // All exits there are; waits for the first. Empty when the time has passed. A negative timeout waits for ever.
  std::vector<TaskExit> wait(std::chrono::milliseconds timeout);

  int pid() const;

 private:
  struct Process;
  void send(std::string_view packet);
  void order(const Order& order);

  FileDescriptor socket_;
  std::unique_ptr<Process> process_;
  std::mutex sending_;
};

}  // namespace batchite
