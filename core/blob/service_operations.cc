// What there is to know and to set of an account as a whole.
#include <charconv>

#include "core/blob/elements.h"
#include "core/blob/errors.h"
#include "core/blob/operations.h"

namespace batchite::blob_operations {

using namespace blob_errors;

namespace {

BlobReply get_account_information(Request&) {
  return {.headers = {{"x-ms-sku-name", "Standard_RAGRS"},
                      {"x-ms-account-kind", "StorageV2"},
                      {"x-ms-is-hns-enabled", "false"}}};
}

// What an account has that was just made: no logging, no metrics, no rules for browsers, nothing kept after deletion.
Document default_properties() {
  const Document off = {{"Enabled", "false"}};
  const Document metrics = {{"Version", "1.0"}, {"Enabled", "false"}, {"RetentionPolicy", off}};
  const Document logging = {
      {"Version", "1.0"}, {"Read", "false"}, {"Write", "false"}, {"Delete", "false"}, {"RetentionPolicy", off}};
  return {{"Logging", logging},         {"HourMetrics", metrics},       {"MinuteMetrics", metrics},
          {"Cors", Document::object()}, {"DeleteRetentionPolicy", off}, {"StaticWebsite", off}};
}

constexpr std::string_view kSections[] = {
    "Logging",       "HourMetrics",          "MinuteMetrics", "Cors", "DeleteRetentionPolicy",
    "StaticWebsite", "DefaultServiceVersion"};

Document properties_of(Request& request) {
  Document properties = default_properties();
  const Document set = request.store.account_properties(request.call.account);
  for (const auto& [section, value] : set.items()) properties[section] = value;
  return properties;
}

BlobReply get_service_properties(Request& request) { return {.body = properties_of(request)}; }

Error bad_value(std::string_view node, const std::string& value) {
  return Error(kInvalidXmlNodeValue, {{"XmlNodeName", std::string(node)}, {"XmlNodeValue", value}});
}

std::optional<std::uint64_t> number_in(const Reader& reader, std::string_view name) {
  const std::string text = reader.text(name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty()) return std::nullopt;
  if (error != std::errc() || end != text.data() + text.size()) throw bad_value(name, text);
  return value;
}

void check_retention(const Reader& policy) {
  constexpr std::uint64_t kMostDays = 365;
  const auto days = number_in(policy, "Days");
  const bool is_on = same_id(policy.text("Enabled"), "true");
  if (is_on != days.has_value() || (days && (*days == 0 || *days > kMostDays)))
    throw bad_value("Days", policy.text("Days"));
}

void check_cors(const Document& cors) {
  constexpr std::size_t kMostRules = 5;
  const auto rules = elements(cors, "CorsRule");
  if (rules.size() > kMostRules) throw Error(kInvalidXmlDocument, {{"Reason", "There may be five CORS rules."}});
  for (const Document* document : rules) {
    const Reader rule(*document);
    for (const char* name : {"AllowedOrigins", "AllowedMethods"}) {
      if (rule.text(name).empty()) throw bad_value(name, "");
    }
    if (!number_in(rule, "MaxAgeInSeconds")) throw bad_value("MaxAgeInSeconds", "");
  }
}

// What is served, and where, is the endpoint's (emulator/blob/blob_website.h).
void check_website(const Reader& website) {
  const std::string enabled = website.text("Enabled");
  if (!same_id(enabled, "true") && !same_id(enabled, "false")) throw bad_value("Enabled", enabled);
  const std::string path = website.text("DefaultIndexDocumentPath");
  if (website.has("IndexDocument") && !path.empty()) throw bad_value("DefaultIndexDocumentPath", path);
}

void check_section(std::string_view name, const Document& section) {
  const bool is_known = std::find(std::begin(kSections), std::end(kSections), name) != std::end(kSections);
  if (!is_known) throw Error(kUnsupportedXmlNode, {{"XmlNodeName", std::string(name)}});
  const Reader reader(section);
  if (name == "Cors") return check_cors(section);
  if (name == "DeleteRetentionPolicy") check_retention(reader);
  if (name == "StaticWebsite") check_website(reader);
  if (reader.has("RetentionPolicy")) check_retention(reader.object("RetentionPolicy"));
}

// Sections that are not sent stay as they are.
BlobReply set_service_properties(Request& request) {
  Document properties = request.store.account_properties(request.call.account);
  if (properties.is_null()) properties = Document::object();
  for (const auto& [name, section] : request.call.document.items()) {
    check_section(name, section);
    properties[name] = section.is_string() && name != "DefaultServiceVersion" ? Document::object() : section;
  }
  request.store.set_account_properties(request.call.account, properties);
  return {.status = 202};
}

// The secondary is the same store, so it is never behind.
BlobReply get_service_stats(Request& request) {
  return {.body = Document{{"GeoReplication", {{"Status", "live"}, {"LastSyncTime", http_date(request.now)}}}}};
}

// Its parts are requests of their own, each with a signature: the endpoint takes it apart (emulator/blob/blob_batch.h).
BlobReply refuse_batch(Request&) { throw Error(kInvalidInput); }

constexpr BlobOperationRow kRows[] = {
    {.operation = BlobOperation::GetAccountInformation,
     .name = "GetAccountInformation",
     .methods = "GET HEAD",
     .levels = kOnAccount | kOnContainer | kOnBlob,
     .restype = "account",
     .comp = "properties",
     .rights = {.service = "r", .resource_type = '*', .account = "rwdxylacuptfi"},
     .run = get_account_information},
    {.operation = BlobOperation::GetServiceProperties,
     .name = "GetBlobServiceProperties",
     .methods = "GET",
     .levels = kOnAccount,
     .restype = "service",
     .comp = "properties",
     .rights = {.resource_type = 's', .account = "r"},
     .answer = "StorageServiceProperties",
     .run = get_service_properties},
    {.operation = BlobOperation::SetServiceProperties,
     .name = "SetBlobServiceProperties",
     .methods = "PUT",
     .levels = kOnAccount,
     .restype = "service",
     .comp = "properties",
     .rights = {.resource_type = 's', .account = "w"},
     .request = "StorageServiceProperties",
     .run = set_service_properties},
    {.operation = BlobOperation::GetServiceStats,
     .name = "GetBlobServiceStats",
     .methods = "GET",
     .levels = kOnAccount,
     .restype = "service",
     .comp = "stats",
     .rights = {.resource_type = 's', .account = "r"},
     .answer = "StorageServiceStats",
     .run = get_service_stats},
    {.operation = BlobOperation::BlobBatch,
     .name = "BlobBatch",
     .methods = "POST",
     .levels = kOnAccount,
     .comp = "batch",
     .rights = {.service = "racwdxyltfmeopi", .resource_type = '*', .account = "racwdxyltfmeopi"},
     .run = refuse_batch},
    // JavaScript takes the account in a path for a container.
    {.operation = BlobOperation::BlobBatch,
     .name = "BlobBatch",
     .methods = "POST",
     .levels = kOnAccount | kOnContainer,
     .restype = "container",
     .comp = "batch",
     .rights = {.service = "racwdxyltfmeopi", .resource_type = '*', .account = "racwdxyltfmeopi"},
     .run = refuse_batch},
};

}  // namespace

}  // namespace batchite::blob_operations

std::span<const batchite::BlobOperationRow> batchite::service_operations() { return blob_operations::kRows; }
