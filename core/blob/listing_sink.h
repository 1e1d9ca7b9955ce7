// Who is told the items of a listing of blobs, one after the other by name: thousands a page, so that no page needs to
// stand in memory as a tree. An item is an element of that name, "Blob" or "BlobPrefix", with elements in it; those
// come in the service's order. One thread.
#pragma once
#include <string_view>
#include <vector>

#include "core/base/document.h"

namespace batchite {

class ListingSink {
 public:
  virtual ~ListingSink() = default;
  virtual void open(std::string_view element) = 0;
  virtual void text(std::string_view element, std::string_view text) = 0;
  virtual void literal(std::string_view element, std::string_view json) = 0;  // a number, true or false
  virtual void document(std::string_view element, const Document& content) = 0;
  virtual void close(std::string_view element) = 0;
};

// Items as JSON: the blobs in one array, the prefixes in the other.
class ListingDocument : public ListingSink {
 public:
  void open(std::string_view element) override {
    if (!open_.empty()) {
      open_.push_back(&(*open_.back())[std::string(element)]);
      return;
    }
    Document& list = element == "Blob" ? blobs : prefixes;
    list.push_back(Document::object());
    open_.push_back(&list.back());
  }
  void text(std::string_view element, std::string_view text) override {
    (*open_.back())[std::string(element)] = std::string(text);
  }
  void literal(std::string_view element, std::string_view json) override {
    (*open_.back())[std::string(element)] = Document::parse(json);
  }
  void document(std::string_view element, const Document& content) override {
    (*open_.back())[std::string(element)] = content;
  }
  void close(std::string_view) override { open_.pop_back(); }

  Document blobs = Document::array(), prefixes = Document::array();

 private:
  std::vector<Document*> open_;  // the innermost last; nothing else grows meanwhile
};

}  // namespace batchite
