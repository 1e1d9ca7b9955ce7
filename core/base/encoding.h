// Base64, hexadecimal and the percent-encoding of URLs. Bytes are kept in std::string. Pure; any thread; nothing
// throws. Decoders answer nullopt for what is not in the form; percent-decoding keeps a broken escape as it stands,
// because the service signs and compares such text as it came.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchite {

std::string base64_encode(std::string_view bytes);
// Standard alphabet with padding, without line breaks.
std::optional<std::string> base64_decode(std::string_view text);

std::string hex_encode(std::string_view bytes);  // lower case
std::optional<std::string> hex_decode(std::string_view text);

// Everything but letters, digits and -._~ escaped: one path segment, or a name or value of a query.
std::string percent_encode(std::string_view text);
// The same, but '/' stays.
std::string percent_encode_path(std::string_view text);
std::string percent_decode(std::string_view text);

// What a raw '+' in a query stands for. Forms and old clients mean a blank; signatures exist under both readings.
enum class Plus { Blank, Literal };

using Query = std::vector<std::pair<std::string, std::string>>;

// "a=1&b=x%20y" in its order, names and values decoded. A pair is split at its first '='; one without any has an empty
// value; empty pairs are left out.
Query parse_query(std::string_view query, Plus plus = Plus::Blank);
// The reverse, with escapes for everything that is not unreserved.
std::string format_query(const Query& query);

}  // namespace batchite
