#include "cli/own_emulator.h"

#include <mutex>

#include "backends/system/real.h"

namespace batchite::cli {
namespace {

std::string random_secret() {
  unsigned char bytes[32];
  random_bytes(bytes);
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

}  // namespace

EmulatorOptions own_emulator(const Program& program) {
  EmulatorOptions options;
  options.batch_port = options.blob_port = 0;
  options.account = {std::string(kBatchAccount), {std::string(kBatchKey)}};
  options.storage_accounts = default_storage_accounts();
  options.token_secret = random_secret();
  options.warn = [&program, mutex = std::make_shared<std::mutex>()](const std::string& text) {
    const std::lock_guard lock(*mutex);
    program.warn(text);
  };
  return options;
}

Serving serving_of(const Emulator& emulator, const EmulatorOptions& options) {
  return {.batch_account = options.account.name,
          .batch_url = emulator.batch_url(),
          .blob_url = emulator.blob_url(),
          .metadata_url = emulator.batch_url() + "/_batchite",
          .storage_accounts = options.storage_accounts,
          .token_secret = options.token_secret};
}

}  // namespace batchite::cli
