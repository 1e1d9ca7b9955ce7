// The real forms of the seams that make everything else repeatable: what a Clock and an Entropy are outside of tests.
#pragma once
#include "core/base/clock.h"
#include "core/base/entropy.h"

namespace batchite {

Time clock_now();
void random_bytes(std::span<unsigned char> to_fill);  // good enough for secrets

}  // namespace batchite
