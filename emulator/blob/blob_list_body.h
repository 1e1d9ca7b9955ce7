// The XML of a page of blobs, made while it is sent: thousands of blobs are asked of the backend a few hundred at a
// time, as clients themselves page, so that no page stands in memory as a whole. The service sends these chunked, too.
#pragma once
#include <string>

#include "core/backend.h"
#include "core/blob/blob_xml.h"

namespace batchite {

class BlobListBody : public ByteSource {
 public:
  // The first blobs are asked for at once, so that what is wrong with the call is thrown here, as Error. How many a
  // call is the backend's manners'. The backend must outlive this. One thread.
  BlobListBody(Backend& backend, BlobCall call, const ListingHead& head);

  std::size_t read(std::span<char> into) override;
  const BlobReply& first_reply() const { return first_; }

 private:
  BlobReply ask();

  Backend& backend_;
  BlobCall call_;
  const std::size_t at_once_;
  std::size_t left_;  // blobs of the page
  bool is_whole_ = false;
  BlobListXml xml_;
  std::string text_;  // of what was asked last
  std::size_t at_ = 0;
  BlobReply first_;
};

}  // namespace batchite
