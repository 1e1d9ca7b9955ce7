#include "emulator/emulator.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "core/base/error.h"
#include "emulator/arm/arm_endpoint.h"
#include "emulator/batch/batch_endpoint.h"
#include "emulator/blob/blob_endpoint.h"
#include "emulator/http/server.h"
#include "emulator/own/pages.h"

namespace batchite {
namespace {

// A service's endpoint with the emulator's own pages in front, and Resource Manager's unless that is null.
class WithPages : public http::Endpoint {
 public:
  WithPages(http::Endpoint& service, Pages& pages, arm::ArmEndpoint* manager)
      : service_(service), pages_(pages), manager_(manager) {}
  http::Response handle(const http::Request& request) override {
    if (Pages::is_own(request.path)) return pages_.handle(request);
    if (manager_ && arm::ArmEndpoint::is_arm(request.path)) return manager_->handle(request);
    return service_.handle(request);
  }

 private:
  http::Endpoint& service_;
  Pages& pages_;
  arm::ArmEndpoint* manager_;
};

// Throws unless a request to the port's /_batchite/ready is answered 200.
void require_answer(const std::string& host, unsigned short port) {
  namespace asio = boost::asio;
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host), port});
  asio::write(
      socket,
      asio::buffer(std::string_view("GET /_batchite/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")));
  std::string answer;
  boost::system::error_code end;
  asio::read(socket, asio::dynamic_buffer(answer), end);
  if (!answer.starts_with("HTTP/1.1 200")) {
    throw Error(500, "NotReady", "port " + std::to_string(port) + " answers: " + answer.substr(0, answer.find('\r')));
  }
}

}  // namespace

class Emulator::Impl {
 public:
  explicit Impl(EmulatorOptions options)
      : options_(std::move(options)),
        batch_({.host = options_.host, .port = options_.batch_port, .tls = options_.tls}),
        blob_({.host = options_.host, .port = options_.blob_port, .tls = options_.tls}) {}

  ~Impl() { stop(); }

  void serve(Backend& backend) {
    Document info = options_.info;
    info["batchUrl"] = batch_.url();
    info["blobUrl"] = blob_.url();
    info["batchAccount"] = options_.account.name;
    for (const BlobAccount& account : options_.storage_accounts) info["storageAccounts"].push_back(account.name);
    info["apiVersions"] = contract::known_versions();
    pages_ = std::make_unique<Pages>(backend, metrics_, std::move(info));
    batch_endpoint_ =
        std::make_unique<batch::BatchEndpoint>(backend, metrics_,
                                               batch::BatchOptions{.account = options_.account,
                                                                   .auth = options_.auth,
                                                                   .token_secret = options_.token_secret,
                                                                   .strict_version = options_.strict_version,
                                                                   .clock = options_.clock,
                                                                   .entropy = options_.entropy,
                                                                   .warn = options_.warn});
    blob_endpoint_ = std::make_unique<BlobEndpoint>(backend, BlobOptions{.accounts = options_.storage_accounts,
                                                                         .clock = options_.clock,
                                                                         .entropy = options_.entropy,
                                                                         .auth = blob_auth(),
                                                                         .token_secret = options_.token_secret});
    arm_endpoint_ = std::make_unique<arm::ArmEndpoint>(
        backend, batch_endpoint_->authenticator(),
        arm::ArmOptions{
            .account = options_.account, .clock = options_.clock, .entropy = options_.entropy, .warn = options_.warn});
    batch_front_ = std::make_unique<WithPages>(*batch_endpoint_, *pages_, arm_endpoint_.get());
    blob_front_ = std::make_unique<WithPages>(*blob_endpoint_, *pages_, nullptr);
    batch_.serve(*batch_front_);
    blob_.serve(*blob_front_);
    require_answer(options_.host, batch_.port());
    require_answer(options_.host, blob_.port());
  }

  void stop() {
    if (pages_) pages_->close();
    batch_.stop();
    blob_.stop();
  }

  const http::Server& batch() const { return batch_; }
  const http::Server& blob() const { return blob_; }

 private:
  BlobAuth blob_auth() const {
    switch (options_.auth) {
      case batch::AuthMode::Strict:
        return BlobAuth::Strict;
      case batch::AuthMode::Lenient:
        return BlobAuth::Lenient;
      case batch::AuthMode::Off:
        return BlobAuth::Off;
    }
    return BlobAuth::Strict;
  }

  const EmulatorOptions options_;
  Metrics metrics_;
  std::unique_ptr<Pages> pages_;
  std::unique_ptr<batch::BatchEndpoint> batch_endpoint_;
  std::unique_ptr<arm::ArmEndpoint> arm_endpoint_;
  std::unique_ptr<BlobEndpoint> blob_endpoint_;
  std::unique_ptr<WithPages> batch_front_, blob_front_;
  http::Server batch_, blob_;  // last: they use all the above until they have stopped
};

Emulator::Emulator(EmulatorOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Emulator::~Emulator() = default;
std::string Emulator::batch_url() const { return impl_->batch().url(); }
std::string Emulator::blob_url() const { return impl_->blob().url(); }
void Emulator::serve(Backend& backend) { impl_->serve(backend); }
void Emulator::stop() { impl_->stop(); }

}  // namespace batchite
