// Requests that may have been done although no answer came: which may simply be made again, which are looked at first,
// and what an answer to the second one means. Nothing is to be done twice. Pure; any thread; nothing throws.
#pragma once
#include <optional>

#include "core/backend.h"

namespace batchite::azure {

enum class Repeat {
  Freely,      // twice is as good as once, or the service refuses the second
  AfterALook,  // it makes something: is that there already, and since when?
  Never,       // twice is not once, and nobody can tell
};
Repeat repeat_of(const Call& call);
Repeat repeat_of(const BlobCall& call);

// REQUIRES: AfterALook. The call that shows what the call makes.
Call look_of(const Call& call);
BlobCall look_of(const BlobCall& call);

// Whether something was made by a request that began `ago`, and not before. `made` and `date`, the moment of looking,
// are by the service's clock, the latter to the second.
bool was_made_since(Time made, Time date, Ticks ago);

// Whether a refusal of the second request says that the first one has been done.
bool means_done(const Call& call, const Error& error);
bool means_done(const BlobCall& call, const Error& error);

}  // namespace batchite::azure
