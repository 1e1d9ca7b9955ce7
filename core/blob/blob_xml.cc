#include "core/blob/blob_xml.h"

#include <algorithm>
#include <cctype>
#include <pugixml.hpp>

#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "core/blob/errors.h"

namespace batchite {
namespace {

using namespace blob_errors;

constexpr std::string_view kStart = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The length of the character at the front of `text` if XML 1.0 can hold it; 0 if not, also for what is not UTF-8.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead >= 0x20 || lead == '\t' || lead == '\n' || lead == '\r' ? 1 : 0;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  unsigned code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  constexpr unsigned kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kSmallest[length] || is_surrogate || code > 0x10FFFF || (code & ~1u) == 0xFFFE ? 0 : length;
}

bool is_writable(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_plain(char c) { return c >= ' ' && c < 0x7F && c != '&' && c != '<' && c != '>' && c != '"'; }

void append_escaped(std::string& xml, std::string_view text) {
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    xml += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const std::size_t length = std::max<std::size_t>(character_length(text), 1);
    switch (text.front()) {
      case '&':
        xml += "&amp;";
        break;
      case '<':
        xml += "&lt;";
        break;
      case '>':
        xml += "&gt;";
        break;
      case '"':
        xml += "&quot;";
        break;
      case '\r':
        xml += "&#xD;";
        break;
      default:
        xml += character_length(text) == 0 ? kReplacement : text.substr(0, length);
    }
    text.remove_prefix(length);
  }
}

void open(std::string& xml, std::string_view name) { xml.append("<").append(name).append(">"); }
void close(std::string& xml, std::string_view name) { xml.append("</").append(name).append(">"); }

void append(std::string& xml, std::string_view name, std::string_view text) {
  if (text.empty()) {
    xml.append("<").append(name).append(" />");
    return;
  }
  open(xml, name);
  append_escaped(xml, text);
  close(xml, name);
}

// A name, or a part of one. What XML cannot hold is percent-encoded, and says so.
void append_name(std::string& xml, std::string_view element, std::string_view text) {
  if (is_writable(text)) return append(xml, element, text);
  xml.append("<").append(element).append(" Encoded=\"true\">").append(percent_encode(text));
  close(xml, element);
}

void append_value(std::string& xml, std::string_view name, const Document& value) {
  if (value.is_object() && !value.empty()) {
    open(xml, name);
    for (const auto& [key, member] : value.items()) append_value(xml, key, member);
    return close(xml, name);
  }
  if (value.is_array()) {
    for (const Document& item : value) append_value(xml, name, item);
    return;
  }
  if (value.is_string()) return append(xml, name, value.get_ref<const std::string&>());
  append(xml, name, value.is_structured() || value.is_null() ? "" : value.dump());
}

void append_head(std::string& xml, const ListingHead& head) {
  xml.append("<EnumerationResults ServiceEndpoint=\"");
  append_escaped(xml, head.endpoint);
  xml.append("\"");
  if (!head.container.empty()) {
    xml.append(" ContainerName=\"");
    append_escaped(xml, head.container);
    xml.append("\"");
  }
  xml.append(">");
  for (const std::string_view name : {"Prefix", "Marker", "MaxResults", "Delimiter", "Where"}) {
    if (const std::string* value = head.query.find(name)) append_name(xml, name, *value);
  }
}

std::string finish_list(std::string xml, const Document& page) {
  append(xml, "NextMarker", Reader(page).text("NextMarker"));
  close(xml, "EnumerationResults");
  return xml;
}

Error bad_xml(std::string_view xml, std::ptrdiff_t offset, const std::string& reason) {
  const std::string_view before = xml.substr(0, std::min(xml.size(), static_cast<std::size_t>(offset)));
  const auto line_start = before.rfind('\n');
  const auto column = line_start == std::string_view::npos ? before.size() : before.size() - line_start - 1;
  return Error(kInvalidXmlDocument, {{"LineNumber", std::to_string(1 + std::ranges::count(before, '\n'))},
                                     {"LinePosition", std::to_string(1 + column)},
                                     {"Reason", reason}});
}

// The only element of the document.
pugi::xml_node root_of(const pugi::xml_document& document, std::string_view xml) {
  pugi::xml_node root;
  for (const pugi::xml_node& node : document) {
    if (node.type() == pugi::node_doctype) throw bad_xml(xml, node.offset_debug(), "DTD is prohibited.");
    if (node.type() != pugi::node_element) continue;
    if (root) throw bad_xml(xml, node.offset_debug(), "There are multiple root elements.");
    root = node;
  }
  return root;
}

// A document whose root must have a name.
class Parsed {
 public:
  Parsed(std::string_view xml, std::string_view name, unsigned more = 0) {
    const auto parsed = document_.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_doctype | more);
    if (!parsed) throw bad_xml(xml, parsed.offset, parsed.description());
    root_ = root_of(document_, xml);
    if (std::string_view(root_.name()) == name) return;
    throw bad_xml(xml, std::max<std::ptrdiff_t>(root_.offset_debug(), 0),
                  "The root element is not " + std::string(name) + ".");
  }
  const pugi::xml_node& root() const { return root_; }

 private:
  pugi::xml_document document_;
  pugi::xml_node root_;
};

bool is_element(const pugi::xml_node& node) { return node.type() == pugi::node_element; }

std::string text_of(const pugi::xml_node& node) {
  const std::string text = node.child_value();
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

Document document_of(const pugi::xml_node& node, int depth = 0) {
  constexpr int kMaxDepth = 16;
  if (!node.find_child(is_element)) return depth == 0 ? Document::object() : Document(text_of(node));
  if (depth == kMaxDepth) throw Error(kInvalidXmlDocument, {{"Reason", "Elements are nested too deeply."}});
  Document document = Document::object();
  for (const pugi::xml_node& child : node) {
    if (!is_element(child)) continue;
    Document& member = document[child.name()];
    Document value = document_of(child, depth + 1);
    if (member.is_null()) {
      member = std::move(value);
    } else {
      if (!member.is_array()) member = Document::array({std::move(member)});
      member.push_back(std::move(value));
    }
  }
  return document;
}

// A blob, prefix or container: its name may have white space around it, or be percent-encoded because XML cannot hold
// it.
Document entry_of(const pugi::xml_node& node) {
  Document entry = document_of(node, 1);
  const pugi::xml_node name = node.child("Name");
  const bool is_encoded = std::string_view(name.attribute("Encoded").value()) == "true";
  entry["Name"] = is_encoded ? percent_decode(name.child_value()) : std::string(name.child_value());
  return entry;
}

void tell_entry(const pugi::xml_node& node, ListingSink& sink) {
  const Document entry = entry_of(node);
  sink.open(node.name());
  for (const auto& [name, value] : entry.items()) {
    if (name == "OrMetadata") continue;  // who writes the listing says it
    value.is_string() ? sink.text(name, value.get_ref<const std::string&>()) : sink.document(name, value);
  }
  sink.close(node.name());
}

std::string list_of(const pugi::xml_node& item) {
  const std::string_view name = item.name();
  if (name == "Latest" || name == "Committed" || name == "Uncommitted") return fold(name);
  throw Error(kUnsupportedXmlNode, {{"XmlNodeName", std::string(name)}});
}

std::string id_of(const pugi::xml_node& item) {
  std::string text = text_of(item);
  if (item.find_child(is_element) || text.empty()) {
    throw Error(kInvalidXmlNodeValue, {{"XmlNodeName", item.name()}});
  }
  return text;
}

// Without the lines that the service adds to every message.
std::string own_sentence(const std::string& message) { return message.substr(0, message.find("\nRequestId:")); }

}  // namespace

Document read_listing(std::string_view xml, ListingSink* sink) {
  const Parsed parsed(xml, "EnumerationResults", pugi::parse_ws_pcdata_single);
  const std::string marker = text_of(parsed.root().child("NextMarker"));
  if (const pugi::xml_node containers = parsed.root().child("Containers")) {
    Document list = Document::array();
    for (const pugi::xml_node& one : containers.children("Container")) list.push_back(entry_of(one));
    return {{"Containers", std::move(list)}, {"NextMarker", marker}};
  }
  ListingDocument page;
  for (const pugi::xml_node& one : parsed.root().child("Blobs")) {
    if (is_element(one)) tell_entry(one, sink ? *sink : page);
  }
  if (sink) return {{"NextMarker", marker}};
  return {{"Blobs", std::move(page.blobs)}, {"BlobPrefixes", std::move(page.prefixes)}, {"NextMarker", marker}};
}

Error read_error(std::string_view xml, unsigned status, const std::string& code) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node root = document.child("Error");
  std::vector<ErrorValue> values;
  for (const pugi::xml_node& one : root) {
    const std::string_view name = one.name();
    if (is_element(one) && name != "Code" && name != "Message") values.push_back({one.name(), text_of(one)});
  }
  const std::string own = text_of(root.child("Code"));
  return Error(status, own.empty() ? code : own, own_sentence(text_of(root.child("Message"))), std::move(values));
}

std::string error_xml(const Error& error, std::string_view request_id, std::string_view time) {
  std::string xml(kStart);
  open(xml, "Error");
  append(xml, "Code", error.code());
  append(xml, "Message", error.message() + "\nRequestId:" + std::string(request_id) + "\nTime:" + std::string(time));
  for (const auto& [name, value] : error.values()) {
    const bool is_element =
        std::ranges::all_of(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)); });
    if (is_element) append(xml, name, value);
  }
  close(xml, "Error");
  return xml;
}

BlobListXml::BlobListXml(const ListingHead& head) : xml_(kStart) {
  constexpr std::string_view kOrMetadataSince = "2019-12-12";
  has_or_metadata_ = head.version >= kOrMetadataSince;
  append_head(xml_, head);
  batchite::open(xml_, "Blobs");
}

void BlobListXml::open(std::string_view element) {
  ++depth_;
  batchite::open(xml_, element);
}

void BlobListXml::text(std::string_view element, std::string_view text) {
  const bool is_own_name = depth_ == 1 && element == "Name";
  if (is_own_name) {
    append_name(xml_, element, text);
  } else {
    append(xml_, element, text);
  }
}

void BlobListXml::document(std::string_view element, const Document& content) { append_value(xml_, element, content); }

void BlobListXml::close(std::string_view element) {
  if (--depth_ == 0 && element == "Blob" && has_or_metadata_) append(xml_, "OrMetadata", "");
  batchite::close(xml_, element);
}

std::string BlobListXml::finish(const Document& page) {
  batchite::close(xml_, "Blobs");
  return finish_list(std::move(xml_), page);
}

std::string found_blobs_xml(const Document& page, const ListingHead& head) {
  std::string xml(kStart);
  append_head(xml, head);
  open(xml, "Blobs");
  for (const Document& blob : page.at("Blobs")) append_value(xml, "Blob", blob);
  close(xml, "Blobs");
  return finish_list(std::move(xml), page);
}

std::string container_list_xml(const Document& page, const ListingHead& head) {
  std::string xml(kStart);
  append_head(xml, head);
  open(xml, "Containers");
  for (const Document& container : page.at("Containers")) append_value(xml, "Container", container);
  close(xml, "Containers");
  return finish_list(std::move(xml), page);
}

std::string document_xml(std::string_view root, const Document& document) {
  std::string xml(kStart);
  append_value(xml, root, document);
  return xml;
}

Document read_document(std::string_view xml, std::string_view root) {
  const Parsed parsed(xml, root);
  return document_of(parsed.root());
}

std::string block_list_xml(const Document& list) {
  std::string xml(kStart);
  open(xml, "BlockList");
  for (const Document& block : list) {
    const std::string which = Reader(block).text("list");
    append(xml,
           which == "committed"     ? "Committed"
           : which == "uncommitted" ? "Uncommitted"
                                    : "Latest",
           Reader(block).text("id"));
  }
  close(xml, "BlockList");
  return xml;
}

Document read_block_list(std::string_view xml) {
  const Parsed parsed(xml, "BlockList");
  Document list = Document::array();
  for (const pugi::xml_node& item : parsed.root()) {
    if (item.type() == pugi::node_element) list.push_back({{"id", id_of(item)}, {"list", list_of(item)}});
  }
  return list;
}

}  // namespace batchite
