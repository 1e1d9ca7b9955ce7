// Finds out what of a failing list the failure needs. Delta debugging (Zeller, Hildebrandt: Simplifying and Isolating
// Failure-Inducing Input, 2002): leave out ever smaller pieces as long as what is left still fails; then make what is
// left plainer.
#pragma once
#include <algorithm>
#include <functional>
#include <vector>

namespace batchite::simulation {

// A list that still fails and from which no single element can be left out. REQUIRES: fails(list).
template <class Element, class Fails>
std::vector<Element> shortened(std::vector<Element> list, const Fails& fails) {
  for (std::size_t piece = std::max<std::size_t>(list.size() / 2, 1);; piece = std::max<std::size_t>(piece / 2, 1)) {
    bool smaller = false;
    // From the end: what comes late is what nothing else builds upon.
    for (std::size_t end = list.size(); end > 0;) {
      const std::size_t begin = end - std::min(piece, end);
      std::vector<Element> rest = list;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(begin), rest.begin() + static_cast<std::ptrdiff_t>(end));
      if (fails(rest)) {
        list = std::move(rest);
        smaller = true;
      }
      end = std::min(begin, list.size());
    }
    if (piece == 1 && !smaller) return list;
  }
}

// Each number as near to 0 as the failure allows. `numbers` gives pointers to those of an element.
template <class Element, class Fails, class Numbers>
std::vector<Element> plainer(std::vector<Element> list, const Fails& fails, const Numbers& numbers) {
  for (std::size_t at = 0; at < list.size(); ++at) {
    const std::size_t count = numbers(list[at]).size();
    for (std::size_t i = 0; i < count; ++i) {
      const int before = *numbers(list[at])[i];
      for (int value = 0; value < before; ++value) {
        *numbers(list[at])[i] = value;
        if (fails(list)) break;
        *numbers(list[at])[i] = before;
      }
    }
  }
  return list;
}

}  // namespace batchite::simulation
