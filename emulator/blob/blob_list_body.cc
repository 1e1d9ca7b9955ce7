#include "emulator/blob/blob_list_body.h"

#include <algorithm>
#include <cstring>

#include "core/blob/operations.h"

namespace batchite {

BlobListBody::BlobListBody(Backend& backend, BlobCall call, const ListingHead& head)
    : backend_(backend),
      call_(std::move(call)),
      at_once_(backend.manners().listed_at_once),
      left_(blob_operations::page_size(call_.query)),
      xml_(head),
      first_(ask()) {}

BlobReply BlobListBody::ask() {
  const std::size_t count = std::min(left_, at_once_);
  call_.listing = &xml_;
  call_.query.set("maxresults", std::to_string(count));
  BlobReply reply = backend_.blob(call_);
  left_ -= count;
  const std::string& marker = reply.body.at("NextMarker").get_ref<const std::string&>();
  is_whole_ = left_ == 0 || marker.empty();
  text_ = is_whole_ ? xml_.finish(reply.body) : xml_.take();
  at_ = 0;
  call_.query.set("marker", marker);
  return reply;
}

std::size_t BlobListBody::read(std::span<char> into) {
  if (at_ == text_.size() && !is_whole_) ask();
  const std::size_t count = std::min(into.size(), text_.size() - at_);
  std::memcpy(into.data(), text_.data() + at_, count);
  at_ += count;
  return count;
}

}  // namespace batchite
