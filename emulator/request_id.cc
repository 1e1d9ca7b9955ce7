#include "emulator/request_id.h"

#include "core/base/uuid.h"

namespace batchite {

std::string new_request_id(const Entropy& entropy) { return random_uuid(entropy); }

}  // namespace batchite
