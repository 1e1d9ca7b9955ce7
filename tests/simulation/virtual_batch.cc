#include "tests/simulation/virtual_batch.h"

#include "core/base/digest.h"
#include "core/base/encoding.h"
#include "core/contract/error_codes.h"

namespace batchite::simulation {
namespace {

constexpr Ticks kBootTime = std::chrono::seconds(40);

}  // namespace

class VirtualBatch::NoFiles : public NodeFiles {
  std::vector<FileEntry> list(NodeKey, const std::string&, bool) override { return {}; }
  FileEntry stat(NodeKey, const std::string&) override { throw Error(errors::kFileNotFound); }
  std::shared_ptr<ByteSource> open(NodeKey, const std::string&, std::optional<Range>) override {
    throw Error(errors::kFileNotFound);
  }
  void remove(NodeKey, const std::string&, bool) override { throw Error(errors::kFileNotFound); }
};

VirtualBatch::VirtualBatch(SimulatedHost::Plan plan, const Settings& settings)
    : files_(std::make_shared<NoFiles>()),
      host_([this] { return now_; }, std::move(plan), kBootTime),
      service_(store_, *files_, host_, {.account = "acct", .base_url = "http://batch", .scheduler = settings}) {
  service_.watch([this](const Document& change) { log_ += change.dump() + "\n"; });
}

Reply VirtualBatch::call(std::string_view operation, const Parameters& path, const Document& body) {
  const contract::Operation* row = contract::find_operation(operation);
  if (!row) throw std::logic_error("no operation " + std::string(operation));
  Answer answer = service_.call({.operation = *row, .path = path, .body = body}, now_);
  if (auto* later = std::get_if<Later>(&answer)) return (*later)();
  return std::get<Reply>(std::move(answer));
}

void VirtualBatch::pass(Ticks time) {
  const Time until = now_ + time;
  while (host_.next() <= until) {
    now_ = std::max(now_, host_.next());
    service_.happened({host_.take()}, now_);
  }
  now_ = until;
}

std::string VirtualBatch::log_hash() const { return hex_encode(sha256(log_)); }

}  // namespace batchite::simulation
