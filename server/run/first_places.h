#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/store/store.h"

namespace assay::run {

// A row of the list, small: the scan keeps as many as the pages up to the one asked for.
struct Place {
  double order = 0;  // worst first; infinite for an unpaired row
  std::int64_t row = 0;
  store::RowBucket bucket = store::RowBucket::kAny;
  double baseline = 0;  // 0 where undefined
  double candidate = 0;
  bool has_baseline = false;
  bool has_candidate = false;

  bool operator<(const Place& other) const {
    return order != other.order ? order < other.order : row < other.row;
  }
};

// The first `capacity` places of all that were offered, in ascending order of rows.
class FirstPlaces {
 public:
  explicit FirstPlaces(std::size_t capacity) : capacity_(capacity) {}

  // True when Offer would keep a later row of that order: one that is equal to the last stands
  // behind it. Offer it, or Count it.
  bool Takes(double order) const {
    return places_.size() < capacity_ || (capacity_ > 0 && order < places_.front().order);
  }
  void Count() { ++num_offered_; }
  void Offer(const Place& place) {
    Count();
    if (places_.size() == capacity_) {
      std::pop_heap(places_.begin(), places_.end());
      places_.pop_back();
    }
    places_.push_back(place);
    std::push_heap(places_.begin(), places_.end());
  }
  std::int64_t num_offered() const { return num_offered_; }
  std::vector<Place> TakeSorted() {
    std::sort_heap(places_.begin(), places_.end());
    return std::move(places_);
  }

 private:
  const std::size_t capacity_;
  std::vector<Place> places_;  // a heap, the last place in front
  std::int64_t num_offered_ = 0;
};

}  // namespace assay::run
