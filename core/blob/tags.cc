#include "core/blob/tags.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/blob/elements.h"
#include "core/blob/errors.h"

namespace batchite {

using namespace blob_errors;

namespace {

constexpr std::size_t kMaxTags = 10, kMaxKey = 128, kMaxValue = 256;
constexpr std::string_view kContainer = "@container";

bool is_tag_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" +-./:=_").find(c) != std::string_view::npos;
  });
}

std::size_t count_of(const Parameters& tags) {
  return static_cast<std::size_t>(std::distance(tags.begin(), tags.end()));
}

void add_tag(Parameters& tags, const std::string& key, const std::string& value) {
  if (key.empty()) throw Error(kEmptyTagName);
  if (key.size() > kMaxKey || value.size() > kMaxValue || count_of(tags) == kMaxTags) throw Error(kTagsTooLarge);
  if (!is_tag_text(key) || !is_tag_text(value)) throw Error(kInvalidTag, {{"TagName", key}});
  // Unlike those of headers, names of tags have a case.
  const auto is_same = [&](const Parameters::Entry& tag) { return tag.first == key; };
  if (std::any_of(tags.begin(), tags.end(), is_same)) throw Error(kDuplicateTagNames, {{"TagName", key}});
  tags.add(key, value);
}

}  // namespace

Parameters tags_from(const Parameters& headers) {
  Parameters tags;
  for (const auto& [key, value] : parse_query(headers.get("x-ms-tags"))) add_tag(tags, key, value);
  return tags;
}

Parameters tags_from(const Document& document) {
  Parameters tags;
  for (const Document* tag : elements(Reader(document).object("TagSet").document(), "Tag")) {
    const Reader reader(*tag);
    add_tag(tags, reader.text("Key"), reader.text("Value"));
  }
  return tags;
}

Document tags_document(const Parameters& tags) {
  Document set = Document::object();
  for (const auto& [key, value] : tags) set["Tag"].push_back({{"Key", key}, {"Value", value}});
  return {{"TagSet", std::move(set)}};
}

// or := and { OR and }; and := item { AND item }; item := ( or ) | key operator value. Each answers its alternatives.
class TagParser {
 public:
  using Alternatives = std::vector<std::vector<TagCondition::Comparison>>;

  TagParser(std::string_view text, TagCondition::Language language, std::string_view name)
      : text_(text), rest_(text), is_find_(language == TagCondition::Language::Find), name_(name) {}

  Alternatives parse() {
    Alternatives all = parse_or(0);
    if (!peek().empty()) fail();
    return all;
  }

 private:
  static constexpr int kMaxDepth = 16;
  static constexpr std::size_t kMaxAlternatives = 1000;  // brackets multiply

  [[noreturn]] void fail() const {
    if (is_find_) {
      throw Error(kInvalidQueryParameterValue,
                  {{"QueryParameterName", name_}, {"QueryParameterValue", std::string(text_)}});
    }
    throw Error(kInvalidHeaderValue, {{"HeaderName", name_}, {"HeaderValue", std::string(text_)}});
  }

  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  // The next word, without taking it: a quoted text, an operator, a bracket, or letters.
  std::string_view peek() {
    skip_blanks();
    if (rest_.empty()) return {};
    const char first = rest_.front();
    if (first == '\'' || first == '"') {
      const auto end = rest_.find(first, 1);
      if (end == std::string_view::npos) fail();
      return rest_.substr(0, end + 1);
    }
    if (first == '(' || first == ')') return rest_.substr(0, 1);
    constexpr std::string_view kSigns = "<>=";
    const bool is_sign = kSigns.find(first) != std::string_view::npos;
    const auto end = is_sign ? rest_.find_first_not_of(kSigns) : rest_.find_first_of(" \t()'\"<>=");
    return rest_.substr(0, std::max<std::size_t>(std::min(end, rest_.size()), 1));
  }
  std::string_view take() {
    const std::string_view word = peek();
    rest_.remove_prefix(word.size());
    return word;
  }
  bool takes(std::string_view word) {
    if (!same_id(peek(), word)) return false;
    take();
    return true;
  }

  Alternatives parse_or(int depth) {
    Alternatives all = parse_and(depth);
    while (!is_find_ && takes("OR")) {
      for (auto& one : parse_and(depth)) all.push_back(std::move(one));
    }
    return all;
  }

  Alternatives parse_and(int depth) {
    Alternatives all = parse_item(depth);
    while (takes("AND")) {
      Alternatives both;
      const Alternatives right = parse_item(depth);
      if (all.size() * right.size() > kMaxAlternatives) fail();
      for (const auto& one : all) {
        for (const auto& other : right) {
          both.push_back(one);
          both.back().insert(both.back().end(), other.begin(), other.end());
        }
      }
      all = std::move(both);
    }
    return all;
  }

  Alternatives parse_item(int depth) {
    if (!is_find_ && depth < kMaxDepth && takes("(")) {
      Alternatives inner = parse_or(depth + 1);
      if (!takes(")")) fail();
      return inner;
    }
    std::string_view key = take();
    const std::string operation(take());
    const std::string_view value = take();
    const std::vector<std::string_view> known = {"=", ">", ">=", "<", "<=", "<>"};
    const bool is_known = std::find(known.begin(), known.end(), operation) != known.end();
    if (!is_known || (is_find_ && operation == "<>") || value.size() < 2 || value.front() != '\'') fail();
    if (key.starts_with('"')) key = key.substr(1, key.size() - 2);
    if (key.empty() || key.starts_with('\'')) fail();
    return {{{std::string(key), operation, std::string(value.substr(1, value.size() - 2))}}};
  }

  std::string_view text_, rest_;
  bool is_find_;
  std::string name_;
};

TagCondition::TagCondition(std::string_view text, Language language, std::string_view name)
    : any_of_all_(TagParser(text, language, name).parse()) {}

bool TagCondition::holds(const Parameters& tags, std::string_view container) const {
  const auto value_of = [&](const std::string& key) -> const std::string* {
    const auto tag = std::find_if(tags.begin(), tags.end(), [&](const auto& one) { return one.first == key; });
    return tag == tags.end() ? nullptr : &tag->second;
  };
  const auto compare = [&](const Comparison& one) {
    const std::string own(container);
    const std::string* value = one.key == kContainer ? &own : value_of(one.key);
    if (!value) return one.operation == "<>";
    const int order = value->compare(one.value);
    if (one.operation == "=") return order == 0;
    if (one.operation == "<>") return order != 0;
    if (one.operation == ">") return order > 0;
    if (one.operation == ">=") return order >= 0;
    return one.operation == "<" ? order < 0 : order <= 0;
  };
  return std::any_of(any_of_all_.begin(), any_of_all_.end(),
                     [&](const auto& all) { return std::all_of(all.begin(), all.end(), compare); });
}

}  // namespace batchite
