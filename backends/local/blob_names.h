// Blob names as paths of ordinary files, reversibly and without any way out of the folder they are relative to.
// Most names are their own path. What a file system cannot hold, or what would read as something else, is escaped:
//   %XX  a byte (control characters, a trailing dot, "." and "..", a '%' that would read as an escape)
//   %e   an empty segment ("a//b", "a/")
//   %c   at the end of a component: the segment goes on in the next one (segments longer than a file name may be)
//   %f   at the end: a file that could not have its plain name because a folder has it
//   %d   at the end: a folder that could not have its plain name because a file has it
// Pure; any thread; nothing throws.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace batchite {

inline constexpr std::string_view kBesideFolder = "%f";
inline constexpr std::string_view kBesideFile = "%d";

// The path's components, the last of which is the file.
std::vector<std::string> blob_path_components(std::string_view name);
std::string blob_path(std::string_view name);
// The name that a path stands for; the way back from blob_path, also with clash marks. Any path has one, since files
// may be put there by hand.
std::string blob_name(std::string_view path);

}  // namespace batchite
