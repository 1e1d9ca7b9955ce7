#include "emulator/http/connection.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <iterator>
#include <memory>

#include "backends/system/real.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "emulator/http/tls_context.h"

namespace batchite::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMaxHead = 64 * 1024;
constexpr std::size_t kPiece = 256 * 1024;               // of an answer's body; a client has body_timeout for each
constexpr std::uint64_t kSentByKernel = 64 * 1024;       // files from here on: sendfile costs a write more, and no copy
constexpr std::uint64_t kMaxDrained = 16 * 1024 * 1024;  // of a body that nobody wanted; beyond, the connection ends
constexpr unsigned char kTlsHandshake = 0x16;            // the first byte of a TLS connection

std::string now_text() { return http_date(clock_now()); }

std::string text_of(boost::beast::string_view view) { return {view.data(), view.size()}; }

// "GET http://host/path" names the host once more; the path is what counts.
std::string_view without_authority(std::string_view target) {
  if (target.starts_with('/')) return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t slash = target.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
}

}  // namespace

template <class Stream>
class Conversation {
 public:
  Conversation(Stream& stream, Connection& connection, bool is_https)
      : stream_(stream), connection_(connection), is_https_(is_https) {}

  void run(Endpoint& endpoint, const std::atomic<bool>& stopping) {
    while (!stopping) {
      Parser parser;
      parser.header_limit(kMaxHead);
      parser.body_limit(boost::none);
      if (!read_head(parser)) return;
      Body body(*this, parser);
      const Request request = request_of(parser, body);
      connection_.give_freely();
      const Response response = endpoint.handle(request);
      const unsigned version = parser.get().version();
      const Framing framing = framing_of(response, request, version);
      const bool keep =
          parser.keep_alive() && !response.close && !stopping && body.may_be_drained() && !framing.by_closing();
      if (!write(response, framing, version, keep)) return;
      // Also before the end: bytes that nobody read turn the close into a reset, which may take the answer away.
      const bool drained = body.may_be_drained() && body.drain();
      if (!keep || !drained) return;
    }
  }

 private:
  using Parser = wire::request_parser<wire::buffer_body>;

  // What is left of a request's body on the connection.
  class Body : public ByteSource {
   public:
    Body(Conversation& conversation, Parser& parser) : conversation_(conversation), parser_(parser) {
      awaits_continue_ = beast::iequals(parser.get()[wire::field::expect], "100-continue");
      if (const auto length = parser.content_length()) left_ = *length;
      if (parser.is_done()) left_ = 0;
    }

    std::size_t read(std::span<char> into) override {
      if (is_done() || into.empty()) return 0;
      if (std::exchange(awaits_continue_, false)) conversation_.say_continue();
      if (left_) return read_plain(into.first(std::min<std::uint64_t>(into.size(), *left_)));
      while (!parser_.is_done()) {
        auto& place = parser_.get().body();
        place.data = into.data();
        place.size = into.size();
        error_code error;
        conversation_.connection_.give(conversation_.connection_.options_.body_timeout);
        wire::read_some(conversation_.stream_, conversation_.buffer_, parser_, error);
        conversation_.connection_.give_freely();
        if (error && error != wire::error::need_buffer) break_off(error);
        if (const std::size_t count = into.size() - place.size) return count;
      }
      return 0;
    }

    std::optional<std::uint64_t> size() const override { return left_; }
    bool is_done() const { return left_ ? *left_ == 0 : parser_.is_done(); }

    // A client that waits for a go-ahead sends nothing, or everything: nobody knows, so the connection ends.
    bool may_be_drained() const {
      if (is_broken_ || (awaits_continue_ && !is_done())) return false;
      return is_done() || size().value_or(0) <= kMaxDrained;
    }

    bool drain() {
      std::array<char, 16384> piece;
      std::uint64_t drained = 0;
      try {
        while (const std::size_t count = read(piece)) {
          drained += count;
          if (drained > kMaxDrained) return false;
        }
      } catch (const Error&) {
        return false;
      }
      return true;
    }

   private:
    // Of a body whose length is known: no parser stands between, so the bytes are copied once.
    std::size_t read_plain(std::span<char> into) {
      beast::flat_buffer& ahead = conversation_.buffer_;  // read along with the head
      std::size_t count = std::min(ahead.size(), into.size());
      if (count > 0) {
        std::copy_n(static_cast<const char*>(ahead.data().data()), count, into.data());
        ahead.consume(count);
      } else {
        error_code error;
        conversation_.connection_.give(conversation_.connection_.options_.body_timeout);
        count = conversation_.stream_.read_some(asio::buffer(into.data(), into.size()), error);
        conversation_.connection_.give_freely();
        if (error) break_off(error);
      }
      *left_ -= count;
      return count;
    }

    [[noreturn]] void break_off(error_code error) {
      is_broken_ = true;
      throw Error(400, "IncompleteBody", "The request body ended early: " + error.message());
    }

    Conversation& conversation_;
    Parser& parser_;
    std::optional<std::uint64_t> left_;  // nullopt: it comes in chunks
    bool awaits_continue_ = false;
    bool is_broken_ = false;
  };

  // false: the connection is over.
  bool read_head(Parser& parser) {
    error_code error;
    if (buffer_.size() == 0) {
      connection_.give(connection_.options_.idle_timeout, true);
      const std::size_t count = stream_.read_some(buffer_.prepare(8192), error);
      if (error) return false;
      buffer_.commit(count);
    }
    connection_.give(connection_.options_.head_timeout);
    wire::read_header(stream_, buffer_, parser, error);
    if (!error && (parser.get().version() < 11 || parser.get().count(wire::field::host) == 1)) return true;
    if (error != wire::error::end_of_stream && error != wire::error::partial_message) refuse(error);
    return false;
  }

  // What is no HTTP gets an answer that any client shows.
  void refuse(error_code error) {
    const bool too_long = error == wire::error::header_limit || error == wire::error::buffer_overflow;
    Response response{.status = too_long ? 431U : 400U};
    response.headers.add("Content-Type", "text/plain");
    response.body = too_long ? "The headers are longer than 64 KiB.\n"
                    : error  ? "This is no HTTP/1.1 request: " + error.message() + "\n"
                             : std::string("A request needs one Host header.\n");
    write(response, {.length = response.body.size()}, 11, false);
  }

  Request request_of(const Parser& parser, Body& body) const {
    const auto& head = parser.get();
    Request request;
    request.method = text_of(head.method_string());
    const std::string target = text_of(head.target());
    const std::string_view path_and_query = without_authority(target);
    const std::size_t mark = std::min(path_and_query.find('?'), path_and_query.size());
    request.path = path_and_query.substr(0, mark);
    request.query = path_and_query.substr(std::min(mark + 1, path_and_query.size()));
    for (const auto& field : head) request.headers.add(text_of(field.name_string()), text_of(field.value()));
    const std::string host = request.headers.get("Host", connection_.fallback_host_);
    request.base = (is_https_ ? "https://" : "http://") + host;
    request.address = connection_.address_;
    request.is_https = is_https_;
    if (const auto length = parser.content_length()) request.length = *length;
    request.has_body = !body.is_done();
    request.body = &body;
    return request;
  }

  void say_continue() {
    error_code ignored;
    asio::write(stream_, asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")), ignored);
  }

  // How the end of an answer's body is told.
  struct Framing {
    bool has_body = true;
    bool chunked = false;
    std::optional<std::uint64_t> length = {};
    bool by_closing() const { return has_body && !chunked && !length; }
  };

  static Framing framing_of(const Response& response, const Request& request, unsigned version) {
    if (response.status == 204 || response.status == 304) return {.has_body = false};
    const bool tells = response.headers.has("Content-Length");
    if (request.method == "HEAD") return {.has_body = false, .length = tells ? std::nullopt : std::optional(0U)};
    if (response.bytes ? !response.bytes->size() : response.chunked && version >= 11) return {.chunked = version >= 11};
    return {.length = response.bytes ? response.bytes->size() : response.body.size()};
  }

  // The status line and the headers. What would end a header within its value is left out.
  static std::string head_of(const Response& response, const Framing& framing, unsigned version, bool keep) {
    std::string head = version < 11 ? "HTTP/1.0 " : "HTTP/1.1 ";
    const auto add = [&head](std::string_view name, std::string_view value) {
      head.append(name).append(": ");
      std::ranges::copy_if(value, std::back_inserter(head), [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
      head += "\r\n";
    };
    const beast::string_view standard = wire::obsolete_reason(wire::int_to_status(response.status));
    head += std::to_string(response.status) + ' ' + (response.reason.empty() ? text_of(standard) : response.reason);
    head += "\r\n";
    for (const auto& [name, value] : response.headers) add(name, value);
    if (!response.headers.has("Date")) add("Date", now_text());
    if (keep && version < 11) add("Connection", "keep-alive");
    if (!keep && version >= 11) add("Connection", "close");
    if (framing.chunked) add("Transfer-Encoding", "chunked");
    if (framing.length) add("Content-Length", std::to_string(*framing.length));
    return head += "\r\n";
  }

  // False: the connection is over.
  bool write(const Response& response, const Framing& framing, unsigned version, bool keep) {
    const std::string head = head_of(response, framing, version, keep);
    if (!framing.has_body) return send({head});
    if (!response.bytes) return framing.chunked ? send_chunk(head, response.body, true) : send({head, response.body});
    const auto file = is_https_ ? std::nullopt : response.bytes->file();
    if (file && file->size >= kSentByKernel) return send({head}) && send_file(*file);
    return send_bytes(head, framing, *response.bytes);
  }

  bool send(std::initializer_list<std::string_view> parts) {
    std::array<asio::const_buffer, 5> buffers;
    std::ranges::transform(parts, buffers.begin(), [](auto part) { return asio::buffer(part); });
    connection_.give(connection_.options_.body_timeout);
    error_code error;
    asio::write(stream_, buffers, error);
    return !error;
  }

  bool send_chunk(std::string_view head, std::string_view bytes, bool is_last) {
    char size[16];
    const auto [end, ignored] = std::to_chars(std::begin(size), std::end(size), bytes.size(), 16);
    const std::string_view digits(size, static_cast<std::size_t>(end - size)),
        rest = is_last ? "\r\n0\r\n\r\n" : "\r\n";
    if (bytes.empty()) return send({head, is_last ? "0\r\n\r\n" : ""});  // a chunk of nothing would be the last
    return send({head, digits, "\r\n", bytes, rest});
  }

  // Of a plain connection: the bytes go from the page cache to the socket.
  bool send_file(const ByteSource::File& file) {
    auto at = static_cast<off_t>(file.offset);
    for (std::uint64_t left = file.size; left > 0;) {
      connection_.give(connection_.options_.body_timeout);
      const ssize_t count =
          ::sendfile(connection_.socket_.native_handle(), file.descriptor, &at, std::min<std::uint64_t>(left, kPiece));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;  // the client has gone, or somebody cut the file: the body ends early
      left -= static_cast<std::uint64_t>(count);
    }
    return true;
  }

  // The first piece goes out with the head: what is small needs one write.
  bool send_bytes(std::string_view head, const Framing& framing, ByteSource& bytes) {
    const std::size_t capacity = std::clamp<std::uint64_t>(framing.length.value_or(kPiece), 1, kPiece);
    const auto piece = std::make_unique_for_overwrite<char[]>(capacity);
    for (std::uint64_t sent = 0;; head = {}) {
      connection_.give_freely();
      std::size_t count = 0;
      try {
        count = bytes.read({piece.get(), capacity});
      } catch (const std::exception&) {
        return false;  // the client sees a body that ends early
      }
      const std::string_view some(piece.get(), count);
      if (!(framing.chunked ? send_chunk(head, some, count == 0) : send({head, some}))) return false;
      sent += count;
      if (count == 0) return !framing.length || sent == *framing.length;
      if (sent == framing.length) return true;
    }
  }

  Stream& stream_;
  Connection& connection_;
  const bool is_https_;
  beast::flat_buffer buffer_{kMaxHead + 8192};
};

Connection::Connection(asio::ip::tcp::socket socket, const ServerOptions& options, std::string fallback_host)
    : socket_(std::move(socket)), options_(options), fallback_host_(std::move(fallback_host)) {
  error_code gone;
  address_ = socket_.remote_endpoint(gone).address().to_string();
  give(options_.head_timeout, true);
}

void Connection::serve(Endpoint& endpoint, const std::atomic<bool>& stopping) {
  error_code error;
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  unsigned char first = 0;
  if (options_.tls) socket_.receive(asio::buffer(&first, 1), asio::socket_base::message_peek, error);
  if (!error && first == kTlsHandshake) {
    asio::ssl::stream<asio::ip::tcp::socket&> stream(socket_, options_.tls->context);
    stream.handshake(asio::ssl::stream_base::server, error);
    if (!error) Conversation(stream, *this, true).run(endpoint, stopping);
    give(std::chrono::seconds(1));
    stream.shutdown(error);
  } else if (!error) {
    Conversation(socket_, *this, false).run(endpoint, stopping);
  }
  close();
}

void Connection::give(std::chrono::milliseconds timeout, bool is_idle) {
  is_idle_ = is_idle;
  deadline_ = (std::chrono::steady_clock::now() + timeout).time_since_epoch().count();
}

void Connection::give_freely() {
  is_idle_ = false;
  deadline_ = std::numeric_limits<std::int64_t>::max();
}

void Connection::cut_if_late(std::chrono::steady_clock::time_point now) {
  if (now.time_since_epoch().count() > deadline_) cut();
}

void Connection::cut_if_idle() {
  if (is_idle_) cut();
}

void Connection::cut() {
  const std::lock_guard lock(mutex_);
  if (is_open_) ::shutdown(socket_.native_handle(), SHUT_RDWR);
}

void Connection::close() {
  // What the client still sends would turn the close into a reset, which may take the answer away from it.
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  const std::lock_guard lock(mutex_);
  is_open_ = false;
  socket_.close(ignored);
}

}  // namespace batchite::http
