#include "backends/local/local_backend.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>

#include "backends/local/data_directory.h"
#include "backends/local/file_blob_store.h"
#include "backends/local/instances.h"
#include "backends/local/package_blobs.h"
#include "backends/local/process_host.h"
#include "backends/local/remote_sources.h"
#include "backends/local/sqlite_store.h"
#include "backends/local/staging.h"
#include "core/accounts.h"
#include "core/base/encoding.h"
#include "core/blob/blob_service.h"
#include "core/blob/blob_url.h"
#include "core/service.h"
#include "core/signing/sas.h"

namespace batchite {
namespace {

class LocalBackend : public Backend {
 public:
  explicit LocalBackend(const LocalOptions& options)
      : options_(options),
        isolation_(choose_isolation(options.isolation, parse_host_packages(options.host_packages))),
        directory_(options.location, options.ephemeral),
        store_(directory_.path() / "batchite.db"),
        node_directories_(directory_.path() / "nodes"),
        blob_store_({.root = (directory_.path() / "blobs").string()}),
        blobs_(blob_store_, options.clock, options.storage_accounts, copy_sources()),
        staging_(blobs_, staging_options()),
        host_(node_directories_, staging_, host_options()),
        service_(store_, node_directories_, host_,
                 {.account = options.batch_account,
                  .base_url = options.batch_url,
                  .scheduler = {.allocation_delay = options.allocation_delay,
                                .node_start_delay = options.node_start_delay,
                                .preemptions = options.preemptions},
                  .token_secret = options.token_secret}) {
    if (!isolation_.warning.empty()) warnings_.push_back(isolation_.warning);
    service_.happened({HostRestarted{}}, options_.clock());  // also announces the timers
    host_.start([this](const std::vector<Event>& events) { take_reports(events); });
  }

  ~LocalBackend() override {
    finish_deletions();
    host_.stop();  // its reports go to the service
  }

  Reply call(const Call& call) override {
    std::unique_lock lock(mutex_);
    if (call.operation.method == contract::Method::Get) require_health();
    Answer answer = service_.call(call, options_.clock());
    note_revision();
    lock.unlock();
    if (auto* later = std::get_if<Later>(&answer)) return (*later)();
    return std::get<Reply>(std::move(answer));
  }

  BlobReply blob(const BlobCall& call) override {
    if (!call.account.empty()) return blobs_.call(call);
    BlobCall named = call;
    named.account = storage_account();
    return blobs_.call(named);
  }

  Document manage(const ManagementCall& call) override {
    const auto rules = [this](const ManagementCall& one) {
      const std::lock_guard lock(mutex_);
      Document answer = service_.manage(one, options_.clock());
      note_revision();
      return answer;
    };
    return PackageBlobs(blobs_, storage_account(), rules).manage(call);
  }

  std::string sas_url(const SasRequest& request) override {
    const signing::SasSpec spec{.terms = {.permissions = request.permissions, .expiry = request.expiry},
                                .account = storage_account(),
                                .container = request.container,
                                .blob = request.blob};
    return options_.blob_url + "/" + storage_account() + blob_path(request.container, request.blob) + "?" +
           signing::make_service_sas(spec, base64_decode(options_.storage_accounts.front().keys.front()).value_or(""));
  }

  const std::string& storage_account() const override { return options_.storage_accounts.front().name; }

  Document samples(const std::string& pool_id) override {
    const std::lock_guard lock(mutex_);
    return service_.samples(pool_id, options_.clock());
  }
  Document explain(const std::string& job_id, const std::string& task_id) override {
    const std::lock_guard lock(mutex_);
    return service_.explain(job_id, task_id, options_.clock());
  }

  void inflict(const NodeFault& fault) override {
    const std::lock_guard lock(mutex_);
    service_.inflict(fault, options_.clock());
    note_revision();
  }

  Document scheduled_events(const std::string& node_id) override {
    const std::lock_guard lock(mutex_);
    return service_.scheduled_events(node_id, options_.clock());
  }

  std::uint64_t revision() const override { return revision_; }

  std::shared_ptr<void> watch(Watcher watcher) override {
    const std::lock_guard lock(mutex_);
    const auto place = watchers_.insert(watchers_.end(), std::move(watcher));
    service_.watch([this](const Document& change) {
      for (const Watcher& one : watchers_) one(change);
    });
    return {nullptr, [this, place](void*) {
              const std::lock_guard end(mutex_);
              watchers_.erase(place);
              if (watchers_.empty()) service_.watch(nullptr);
            }};
  }

  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  void take_reports(const std::vector<Event>& events) {
    const std::lock_guard lock(mutex_);
    try {
      service_.happened(events, options_.clock());
      unkept_.reset();
      note_revision();
    } catch (const Error& error) {
      if (!unkept_) unkept_ = Unkept{options_.clock(), error};
      note_revision();
      throw;
    }
    reported_.notify_all();
  }

  // While results wait to be kept every read is asked anew, so that it can be refused.
  void note_revision() { revision_ = unkept_ ? 0 : service_.revision(); }

  // Results that cannot be kept (a full disk) are brought again and again, but whoever watches tasks must not wait for
  // them without end. Changes still go through: deleting something may be what helps.
  void require_health() const {
    if (unkept_ && options_.clock() - unkept_->since > kPatience) throw unkept_->error;
  }

  // A pool deleted just before the end goes now, not at the next start; but nobody waits long for it.
  void finish_deletions() {
    std::unique_lock lock(mutex_);
    reported_.wait_for(lock, std::chrono::seconds(3), [this] {
      const auto& pools = service_.state().pools;
      return std::none_of(pools.begin(), pools.end(),
                          [](const auto& pool) { return pool.second.status.state == PoolState::Deleting; });
    });
  }

  // The machine has two names for itself, and a port may speak both HTTP and HTTPS.
  std::vector<std::string> our_endpoints() const {
    constexpr std::string_view kAddress = "127.0.0.1";
    const std::size_t host = options_.blob_url.find("://") + 3;
    std::vector<std::string> endpoints;
    for (const std::string scheme : {"http://", "https://"}) {
      endpoints.push_back(scheme + options_.blob_url.substr(host));
      if (options_.blob_url.compare(host, kAddress.size(), kAddress) == 0) {
        endpoints.push_back(scheme + "localhost" + options_.blob_url.substr(host + kAddress.size()));
      }
    }
    return endpoints;
  }

  // Names that stand for this machine, at our port.
  CopySources copy_sources() {
    const std::string port = options_.blob_url.substr(options_.blob_url.rfind(':'));
    CopySources sources{.elsewhere = options_.copies_from_elsewhere ? &remote_sources_ : nullptr};
    for (const std::string_view host : {"127.0.0.1", "[::1]", "localhost", "blob.localhost"}) {
      sources.own.push_back(std::string(host) + port);
    }
    return sources;
  }

  StagingOptions staging_options() const {
    return {.storage_account = storage_account(), .endpoints = our_endpoints()};
  }
  HostOptions host_options() const {
    return {
        .account = options_.batch_account,
        .account_url = options_.batch_url,
        .metadata_url = options_.metadata_url,
        .isolation = isolation_.level,
        .stand_ins = write_stand_ins((directory_.path() / "bin").string(), parse_host_packages(options_.host_packages)),
        .among_nodes = write_ssh_stand_in(directory_.path() / "bin" / "among-nodes"),
        .launcher = {.program = options_.launcher.string()},
        .clock = options_.clock};
  }

  static constexpr Ticks kPatience = std::chrono::seconds(5);
  struct Unkept {
    Time since;
    Error error;
  };

  const LocalOptions options_;
  const IsolationChoice isolation_;
  std::vector<std::string> warnings_;
  DataDirectory directory_;
  SqliteStore store_;
  NodeDirectories node_directories_;
  FileBlobStore blob_store_;
  RemoteSources remote_sources_;
  BlobService blobs_;
  Staging staging_;
  std::condition_variable reported_;  // with mutex_
  std::atomic<std::uint64_t> revision_ = 0;
  std::optional<Unkept> unkept_;  // guarded by mutex_: since when reports could not be kept
  std::list<Watcher> watchers_;   // guarded by mutex_
  std::mutex mutex_;              // held around every change of the service; the two below are used under it
  ProcessHost host_;
  Service service_;
};

}  // namespace

std::unique_ptr<Backend> open_local_backend(const LocalOptions& options) {
  return std::make_unique<LocalBackend>(options);
}

const std::vector<std::string>& warnings(const Backend& local) {
  static const std::vector<std::string> none;
  const auto* backend = dynamic_cast<const LocalBackend*>(&local);
  return backend ? backend->warnings() : none;
}

}  // namespace batchite
