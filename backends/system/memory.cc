#include "backends/system/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <mutex>
#include <new>
#include <vector>

namespace batchite {
namespace {

// Not from the allocator, which would keep them where no other thread finds them.
struct Spare {
  std::mutex mutex;
  std::vector<char*> buffers;
};
Spare& spare() {
  static Spare* const one = new Spare;  // outlives every thread that gives one back
  return *one;
}

}  // namespace

void KeepBuffer::operator()(char* bytes) const {
  const std::lock_guard lock(spare().mutex);
  spare().buffers.push_back(bytes);
}

Buffer take_buffer() {
  {
    const std::lock_guard lock(spare().mutex);
    if (!spare().buffers.empty()) {
      Buffer buffer(spare().buffers.back());
      spare().buffers.pop_back();
      return buffer;
    }
  }
  void* const fresh = ::mmap(nullptr, kBufferBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) throw std::bad_alloc();
  return Buffer(static_cast<char*>(fresh));
}

void give_memory_back() {
  {
    const std::lock_guard lock(spare().mutex);
    for (char* const bytes : spare().buffers) ::munmap(bytes, kBufferBytes);
    spare().buffers.clear();
  }
  malloc_trim(0);
}

}  // namespace batchite
