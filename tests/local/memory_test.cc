#include "backends/system/memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace batchite {
namespace {

// Whether the system still keeps pages for it.
bool is_mapped(char* bytes) {
  unsigned char pages[kBufferBytes / 4096];
  return ::mincore(bytes, kBufferBytes, pages) == 0 || errno != ENOMEM;
}

TEST(Memory, ABufferGivenBackIsTheNextOneTaken) {
  give_memory_back();
  char* first = nullptr;
  {
    const Buffer buffer = take_buffer(), other = take_buffer();
    std::memset(buffer.get(), 'x', kBufferBytes);
    first = buffer.get();
    EXPECT_NE(other.get(), first);
  }
  EXPECT_TRUE(is_mapped(first));
  EXPECT_EQ(take_buffer().get(), first);
}

TEST(Memory, WhenItIsQuietTheSystemGetsThem) {
  std::vector<char*> places;
  {
    std::vector<Buffer> buffers;
    for (int i = 0; i < 8; ++i) places.push_back(buffers.emplace_back(take_buffer()).get());
  }
  give_memory_back();
  for (char* const place : places) EXPECT_FALSE(is_mapped(place));
}

}  // namespace
}  // namespace batchite
