// The XML of the Blob service, both ways: requests read and answers written by who serves, the reverse by who calls.
// What is written is as the service writes it: a byte order mark, no white space between elements, empty elements
// closed at once. What is read may have any white space, with or without a declaration; document types are refused, so
// nothing is ever expanded. Source: the recordings of the service, and
// learn.microsoft.com/rest/api/storageservices/list-blobs. Pure; any thread. Reading throws Error with the service's
// codes, and says where.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "core/base/document.h"
#include "core/base/error.h"
#include "core/base/parameters.h"
#include "core/blob/listing_sink.h"

namespace batchite {

// `time`: as in messages, with all seven digits.
std::string error_xml(const Error& error, std::string_view request_id, std::string_view time);

// What stands around a page of a listing.
struct ListingHead {
  std::string endpoint;     // of the account
  std::string container;    // empty: a listing of containers
  const Parameters& query;  // what the caller asked for is repeated
  std::string version;      // of the service, as the caller wants it
};
// A listing of blobs, written as it is told.
class BlobListXml : public ListingSink {
 public:
  explicit BlobListXml(const ListingHead& head);
  void open(std::string_view element) override;
  void text(std::string_view element, std::string_view text) override;
  void literal(std::string_view element, std::string_view json) override { text(element, json); }
  void document(std::string_view element, const Document& content) override;
  void close(std::string_view element) override;
  // What was written since the last time.
  std::string take() { return std::exchange(xml_, {}); }
  // The rest of it, with the end; `page` is the reply's body. Once.
  std::string finish(const Document& page);

 private:
  std::string xml_;
  int depth_ = 0;
  bool has_or_metadata_;
};
// `page` as in BlobReply.
std::string found_blobs_xml(const Document& page, const ListingHead& head);  // by tags
std::string container_list_xml(const Document& page, const ListingHead& head);

// Objects as elements with children, arrays as the same element again and again.
std::string document_xml(std::string_view root, const Document& document);

// [{"id": "…", "list": "committed|uncommitted|latest"}, …] for BlobCall::document.
Document read_block_list(std::string_view xml);
std::string block_list_xml(const Document& list);
// Elements as members: with children an object, else text without the white space around it; several of a name are an
// array. Attributes are not looked at. InvalidXmlDocument for another root.
Document read_document(std::string_view xml, std::string_view root);
// A page of a listing, as in BlobReply, of blobs or of containers. With a sink the blobs are told to it instead.
Document read_listing(std::string_view xml, ListingSink* sink = nullptr);
// What error_xml writes, but for the request's id and time. No XML at all: `code` and an empty message.
Error read_error(std::string_view xml, unsigned status, const std::string& code);

}  // namespace batchite
