// Owners of what C libraries hand out: std::unique_ptr<X509, Freed<X509_free>>.
#pragma once
#include <memory>

namespace batchite {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* thing) const {
    Free(thing);
  }
};

}  // namespace batchite
