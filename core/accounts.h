// The accounts that are there unless others are named. Their keys are public constants, no secrets: every emulator of
// Azure Storage has the same, and every Batchite the same for Batch.
#pragma once
#include <string_view>

namespace batchite {

inline constexpr std::string_view kStorageAccount = "devstoreaccount1";
inline constexpr std::string_view kStorageKey =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
inline constexpr std::string_view kBatchAccount = "devbatchaccount";
// Base64 of 64 bytes that say what they are.
inline constexpr std::string_view kBatchKey =
    "QmF0Y2hpdGU6IHRoZSBwdWJsaWMga2V5IG9mIHRoZSBlbXVsYXRlZCBBenVyZSBCYXRjaCBhY2NvdW50LiA2NA==";

}  // namespace batchite
