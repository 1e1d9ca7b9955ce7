// Memory that comes and goes with a burst of work. Any thread.
#pragma once
#include <cstddef>
#include <memory>

namespace batchite {

inline constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

struct KeepBuffer {
  void operator()(char* bytes) const;
};
// For bytes on their way, kBufferBytes of them, with any content. Kept for the next who takes one: fresh pages cost
// more than what goes through them.
using Buffer = std::unique_ptr<char[], KeepBuffer>;
Buffer take_buffer();

// For quiet times: buffers that were kept, and what the allocator keeps for each thread.
void give_memory_back();

}  // namespace batchite
