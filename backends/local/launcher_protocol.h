// What the server and the launcher say to each other over a SEQPACKET socket. Both are the same program at the same
// version, so the encoding is plain: native integers, counted strings. A packet holds one or more messages; one too
// long for the socket's buffer travels as a memory file instead. Pure but for the packet functions, which throw
// std::system_error.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "backends/local/isolation.h"
#include "core/base/time.h"

namespace batchite {

// One run of one task (of any kind: start tasks too).
struct RunRequest {
  std::uint64_t id = 0;                    // unique while it runs; comes back in TaskExit
  std::vector<std::string> arguments{};    // already split; when empty, command_line is split
  std::string command_line{};              // see command_line.h
  std::vector<std::string> environment{};  // NAME=value, complete: nothing is inherited
  std::string working_directory{};
  std::string stdout_path{}, stderr_path{};      // created or emptied before anything else can fail, mode 0644
  bool append = false;                           // to what is in them, instead of emptying them
  std::vector<std::string> directories{};        // made first, with parents, mode 0755
  std::chrono::nanoseconds wall_clock_limit{0};  // for the whole tree; 0: none
  Isolation isolation = Isolation::Process;
  std::uint32_t node = 0;  // Landlock: which prepared node's rules
  bool admin = false;      // may gain privileges (process level only)
  bool lingers = false;    // what its command leaves running when it exits with 0 goes on until a KillRequest
};
struct KillRequest {
  std::uint64_t id = 0;
};
// Builds the node's Landlock rules, once. A failure shows in each run on that node.
struct PrepareNode {
  std::uint32_t node = 0;
  std::vector<std::string> writable{};  // the node's directories; they must exist
};
struct ForgetNode {
  std::uint32_t node = 0;
};
using Order = std::variant<RunRequest, KillRequest, PrepareNode, ForgetNode>;

// How a run ended. It is sent when the last process of its tree is gone; of a run that lingers also, before, when its
// command has exited.
struct TaskExit {
  enum class Kind : std::uint8_t { Exited, Signalled, ProgramNotFound, LaunchFailed };
  std::uint64_t id = 0;
  Kind kind = Kind::Exited;
  int value = 0;           // exit code, signal number, or errno
  std::string step{};      // LaunchFailed: what failed, e.g. "entering the working directory"
  bool timed_out = false;  // wall_clock_limit passed and we killed it
  bool killed = false;     // a KillRequest came while it ran or waited to run
  bool lingers = false;    // another TaskExit comes when what is left of it is gone
  std::chrono::microseconds user_time{0}, system_time{0};  // of the process and the descendants it waited for
  std::int64_t max_rss_bytes = 0;
  std::int64_t blocks_read = 0, blocks_written = 0;  // of 512 bytes, from and to disks
  Time started = kNever, ended = kNever;             // UTC; started is kNever unless a process ran
};

// As a shell says it: the code, or 128 + signal, 127 for a missing program, 126 for one that cannot start.
int shell_exit_code(const TaskExit& exit);

void encode(const RunRequest& request, std::string& out);
void encode(const Order& order, std::string& out);
void encode(const TaskExit& exit, std::string& out);
// All messages of a packet. Throw std::runtime_error on anything malformed.
std::vector<Order> decode_orders(std::string_view packet);
std::vector<TaskExit> decode_exits(std::string_view packet);

// Longer packets go through a memory file; messages are gathered up to this size.
inline constexpr std::size_t kPacketSize = std::size_t{64} * 1024;

// False: the socket is full and MSG_DONTWAIT is among the flags. Throws when the other side is gone.
bool send_packet(int socket, std::string_view packet, int flags);

enum class Received : std::uint8_t { Packet, Nothing, End };
// Replaces `packet`. Nothing: MSG_DONTWAIT is among the flags and there is none.
Received receive_packet(int socket, std::string& packet, int flags);

}  // namespace batchite
