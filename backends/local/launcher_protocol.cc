#include "backends/local/launcher_protocol.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <type_traits>

#include "backends/local/file_descriptor.h"

namespace batchite {

namespace {

std::system_error failure(const char* what) { return {errno, std::system_category(), what}; }

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  template <class T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) Encoder& operator<<(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  template <class Rep, class Period>
  Encoder& operator<<(std::chrono::duration<Rep, Period> value) {
    return *this << static_cast<std::int64_t>(value.count());
  }
  Encoder& operator<<(const std::string& text) {
    *this << static_cast<std::uint32_t>(text.size());
    out_ += text;
    return *this;
  }
  Encoder& operator<<(const std::vector<std::string>& texts) {
    *this << static_cast<std::uint32_t>(texts.size());
    for (const std::string& text : texts) *this << text;
    return *this;
  }

 private:
  std::string& out_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view in) : in_(in) {}
  bool at_end() const { return in_.empty(); }

  template <class T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) Decoder& operator>>(T& value) {
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return *this;
  }
  template <class Rep, class Period>
  Decoder& operator>>(std::chrono::duration<Rep, Period>& value) {
    std::int64_t count = 0;
    *this >> count;
    value = std::chrono::duration<Rep, Period>(count);
    return *this;
  }
  Decoder& operator>>(std::string& text) {
    std::uint32_t size = 0;
    *this >> size;
    text = take(size);
    return *this;
  }
  Decoder& operator>>(std::vector<std::string>& texts) {
    std::uint32_t count = 0;
    *this >> count;
    if (count > in_.size()) throw std::runtime_error("launcher protocol: a list is longer than its packet");
    texts.resize(count);
    for (std::string& text : texts) *this >> text;
    return *this;
  }

 private:
  std::string_view take(std::size_t size) {
    if (size > in_.size()) throw std::runtime_error("launcher protocol: a packet ends too early");
    const std::string_view taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }
  std::string_view in_;
};

// The members in the order they travel in; one list serves both ways.
template <class Stream, class Value>
void transfer(Stream& stream, Value& value, const auto& each) {
  using T = std::remove_const_t<Value>;
  if constexpr (std::is_same_v<T, RunRequest>) {
    each(stream, value.id, value.arguments, value.command_line, value.environment, value.working_directory,
         value.stdout_path, value.stderr_path, value.append, value.directories, value.wall_clock_limit, value.isolation,
         value.node, value.admin, value.lingers);
  } else if constexpr (std::is_same_v<T, KillRequest>) {
    each(stream, value.id);
  } else if constexpr (std::is_same_v<T, PrepareNode>) {
    each(stream, value.node, value.writable);
  } else {
    static_assert(std::is_same_v<T, ForgetNode>);
    each(stream, value.node);
  }
}

template <class Value>
void encode_order(std::uint8_t index, const Value& value, std::string& out) {
  Encoder encoder(out);
  encoder << index;
  transfer(encoder, value, [](Encoder& stream, const auto&... members) { (stream << ... << members); });
}

template <std::size_t Index = 0>
Order decode_order(Decoder& in, std::uint8_t index) {
  if constexpr (Index < std::variant_size_v<Order>) {
    if (index != Index) return decode_order<Index + 1>(in, index);
    std::variant_alternative_t<Index, Order> order;
    transfer(in, order, [](Decoder& stream, auto&... members) { (stream >> ... >> members); });
    return order;
  } else {
    throw std::runtime_error("launcher protocol: unknown order " + std::to_string(index));
  }
}

FileDescriptor make_memory_file(std::string_view content) {
  FileDescriptor file(::memfd_create("batchite-packet", MFD_CLOEXEC));
  if (!file) throw failure("memfd_create");
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0) throw failure("writing a memory file");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

void read_memory_file(int file, std::string& content) {
  struct stat status {};
  if (::fstat(file, &status) != 0) throw failure("examining a memory file");
  content.resize(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t length = ::pread(file, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (length <= 0) throw failure("reading a memory file");
    done += static_cast<std::size_t>(length);
  }
}

// Room for the one descriptor that may come along.
struct alignas(cmsghdr) Ancillary {
  char bytes[CMSG_SPACE(sizeof(int))];
};

bool send_message(int socket, const msghdr& message, int flags) {
  for (;;) {
    if (::sendmsg(socket, &message, flags | MSG_NOSIGNAL) >= 0) return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw failure("sending to the launcher socket");
  }
}

}  // namespace

int shell_exit_code(const TaskExit& exit) {
  switch (exit.kind) {
    case TaskExit::Kind::Exited:
      return exit.value;
    case TaskExit::Kind::Signalled:
      return 128 + exit.value;
    case TaskExit::Kind::ProgramNotFound:
      return 127;
    case TaskExit::Kind::LaunchFailed:
      return 126;
  }
  return 126;
}

void encode(const RunRequest& request, std::string& out) {
  static_assert(std::is_same_v<std::variant_alternative_t<0, Order>, RunRequest>);
  encode_order(std::uint8_t{0}, request, out);
}

void encode(const Order& order, std::string& out) {
  std::visit([&](const auto& value) { encode_order(static_cast<std::uint8_t>(order.index()), value, out); }, order);
}

void encode(const TaskExit& exit, std::string& out) {
  Encoder(out) << exit.id << exit.kind << exit.value << exit.step << exit.timed_out << exit.killed << exit.lingers
               << exit.user_time << exit.system_time << exit.max_rss_bytes << exit.blocks_read << exit.blocks_written
               << exit.started.time_since_epoch() << exit.ended.time_since_epoch();
}

std::vector<Order> decode_orders(std::string_view packet) {
  std::vector<Order> orders;
  Decoder in(packet);
  while (!in.at_end()) {
    std::uint8_t index = 0;
    in >> index;
    orders.push_back(decode_order(in, index));
  }
  return orders;
}

std::vector<TaskExit> decode_exits(std::string_view packet) {
  std::vector<TaskExit> exits;
  Decoder in(packet);
  while (!in.at_end()) {
    TaskExit& exit = exits.emplace_back();
    Ticks started{0}, ended{0};
    in >> exit.id >> exit.kind >> exit.value >> exit.step >> exit.timed_out >> exit.killed >> exit.lingers >>
        exit.user_time >> exit.system_time >> exit.max_rss_bytes >> exit.blocks_read >> exit.blocks_written >>
        started >> ended;
    exit.started = Time(started);
    exit.ended = Time(ended);
  }
  return exits;
}

bool send_packet(int socket, std::string_view packet, int flags) {
  // A packet that travels as a file is one byte long; no other is, since an order has at least its kind and a number.
  const bool as_file = packet.size() > kPacketSize;
  char marker = 0;
  iovec content{as_file ? &marker : const_cast<char*>(packet.data()), as_file ? 1 : packet.size()};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  if (!as_file) return send_message(socket, message, flags);

  const FileDescriptor file = make_memory_file(packet);
  Ancillary ancillary{};
  message.msg_control = ancillary.bytes;
  message.msg_controllen = sizeof ancillary.bytes;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = file.get();
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return send_message(socket, message, flags);
}

Received receive_packet(int socket, std::string& packet, int flags) {
  packet.resize(kPacketSize);
  iovec content{packet.data(), packet.size()};
  Ancillary ancillary{};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.bytes;
  message.msg_controllen = sizeof ancillary.bytes;
  ssize_t length = -1;
  while ((length = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC)) < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Received::Nothing;
    if (errno == ECONNRESET) return Received::End;
    if (errno != EINTR) throw failure("receiving from the launcher socket");
  }
  if (length == 0) return Received::End;
  packet.resize(static_cast<std::size_t>(length));
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return Received::Packet;
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  const FileDescriptor file(fd);
  read_memory_file(file.get(), packet);
  return Received::Packet;
}

}  // namespace batchite
