// Rows addressed by a number that only grows: in pages, so that a million tasks cost no more than their own size and a
// look-up is two additions. A page goes when its last row goes.
#pragma once
#include <array>
#include <bitset>
#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/scheduler/keys.h"

namespace batchite {

template <class Key, class Row>
class Table {
 public:
  // REQUIRES: no such row.
  Row& add(Key key) {
    const auto [page, slot] = place(key);
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (!pages_[page]) pages_[page] = std::make_unique<Page>();
    assert(!pages_[page]->used[slot]);
    pages_[page]->used.set(slot);
    ++size_;
    return pages_[page]->rows[slot];
  }
  Row* find(Key key) {
    const auto [page, slot] = place(key);
    if (page >= pages_.size() || !pages_[page] || !pages_[page]->used[slot]) return nullptr;
    return &pages_[page]->rows[slot];
  }
  const Row* find(Key key) const { return const_cast<Table*>(this)->find(key); }
  bool contains(Key key) const { return find(key) != nullptr; }
  // REQUIRES: there is such a row.
  Row& at(Key key) {
    Row* row = find(key);
    assert(row);
    return *row;
  }
  const Row& at(Key key) const { return const_cast<Table*>(this)->at(key); }
  void erase(Key key) {
    const auto [page, slot] = place(key);
    pages_[page]->rows[slot] = Row{};
    pages_[page]->used.reset(slot);
    --size_;
    if (pages_[page]->used.none()) pages_[page].reset();
  }
  std::size_t size() const { return size_; }

  template <class Visit>  // (Key, Row&), in the order of keys; the visit must not add or erase
  void each(Visit visit) {
    for (std::size_t page = 0; page < pages_.size(); ++page) {
      if (!pages_[page]) continue;
      for (std::size_t slot = 0; slot < kPage; ++slot) {
        if (pages_[page]->used[slot]) {
          visit(Key(static_cast<std::int64_t>(page * kPage + slot)), pages_[page]->rows[slot]);
        }
      }
    }
  }
  template <class Visit>
  void each(Visit visit) const {
    const_cast<Table*>(this)->each([&](Key key, const Row& row) { visit(key, row); });
  }

 private:
  static constexpr std::size_t kPage = 1024;
  struct Page {
    std::array<Row, kPage> rows;
    std::bitset<kPage> used;
  };
  static std::pair<std::size_t, std::size_t> place(Key key) {
    const auto at = static_cast<std::size_t>(number(key));
    return {at / kPage, at % kPage};
  }
  std::vector<std::unique_ptr<Page>> pages_;
  std::size_t size_ = 0;
};

}  // namespace batchite
