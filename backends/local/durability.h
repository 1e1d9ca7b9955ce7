#pragma once

namespace batchite {

// When bytes must have reached the disk: before the answer (survives power cuts), or when the kernel likes (survives
// crashes of the program).
enum class Durability { Program, Disk };

}  // namespace batchite
