// Writes each exchange with the service into a file of its own, in the form of fixtures/wire: "Job_Get.0007.http", by
// the operation and the order in which the answers came. What is secret is left out, and what names the accounts is
// replaced by the fixtures' names; texts that a person wrote (command lines, files) stay as they are.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backends/http/http_client.h"

namespace batchite::azure {

struct Recording {
  std::string folder;                 // made when it is not there
  std::string batch_endpoint = {};    // "https://NAME.REGION.batch.azure.com"
  std::string storage_endpoint = {};  // "https://NAME.blob.core.windows.net"
  std::string batch_account = {}, storage_account = {};
  std::vector<std::string> secrets = {};  // never to be written, wherever they stand
};

// Throws UsageError if the folder can't be made. A file that can't be written later on is told by `warn`.
std::shared_ptr<Transport> record(std::shared_ptr<Transport> transport, const Recording& recording,
                                  std::function<void(const std::string&)> warn);

}  // namespace batchite::azure
