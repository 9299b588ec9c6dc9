// The retained messages of the broker, shared by all shards. Striped by the first levels of the
// topic, a mutex a stripe; whoever stores a retained publish keeps its stripe locked while routing
// it, so that a new subscriber never gets an older value after a newer one. A wildcard is answered
// in slices through a RetainedCursor. V is what the broker keeps for a message: cheap to copy (a
// pointer). Callers hold at most one stripe at a time and call nothing of the store from a visitor.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "topic/filter.h"
#include "topic/retained_tree.h"
#include "topic/slots.h"
#include "topic/stamps.h"

namespace topic {

inline constexpr std::size_t retained_stripes = 64;
// Levels that choose the stripe. Fewer would put a plant's whole tree behind one lock, more would
// have more filters look through all stripes.
inline constexpr std::size_t retained_stripe_levels = 3;

struct StripeRange {
  std::size_t first;
  std::size_t end;
};
std::size_t retained_stripe_of(std::string_view name);
// All stripes in which there may be a name that the filter matches.
StripeRange retained_stripes_of(std::string_view filter);

template <class V>
class RetainedStore final {
  struct Stripe {
    mutable std::mutex lock;
    RetainedTree tree;
    Slots<V> values;
  };

 public:
  using SizeOf = std::size_t (*)(const V&);

  explicit RetainedStore(SizeOf size_of) : size_of_(size_of) {}
  RetainedStore(const RetainedStore&) = delete;
  RetainedStore& operator=(const RetainedStore&) = delete;

  // One topic, its stripe locked. The name must outlive it.
  class Locked final {
   public:
    std::optional<V> get() const {
      const NodeId node = stripe_.tree.find(name_);
      if (node == no_node) return std::nullopt;
      const auto id = stripe_.tree.value(node);
      if (id == RetainedTree::no_value) return std::nullopt;
      return stripe_.values[id];
    }
    // True if there was none.
    bool set(V value) {
      const NodeId node = stripe_.tree.find_or_add(name_);
      store_.bytes_.fetch_add(store_.size_of_(value), std::memory_order_relaxed);
      const auto id = stripe_.tree.value(node);
      if (id != RetainedTree::no_value) {
        V& old = stripe_.values[id];
        store_.bytes_.fetch_sub(store_.size_of_(old), std::memory_order_relaxed);
        old = std::move(value);
        return false;
      }
      stripe_.tree.set_value(node, stripe_.values.take(std::move(value)));
      store_.count_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    // True if there was one.
    bool erase() {
      const NodeId node = stripe_.tree.find(name_);
      if (node == no_node) return false;
      const auto id = stripe_.tree.value(node);
      if (id == RetainedTree::no_value) return false;
      store_.bytes_.fetch_sub(store_.size_of_(stripe_.values[id]), std::memory_order_relaxed);
      store_.count_.fetch_sub(1, std::memory_order_relaxed);
      stripe_.values.give_back(id);
      stripe_.tree.erase_value(node);
      return true;
    }

   private:
    friend class RetainedStore;
    Locked(RetainedStore& store, std::string_view name)
        : store_(store),
          stripe_(store.stripes_[retained_stripe_of(name)]),
          name_(name),
          guard_(stripe_.lock) {}
    RetainedStore& store_;
    Stripe& stripe_;
    std::string_view name_;
    std::unique_lock<std::mutex> guard_;
  };
  [[nodiscard]] Locked lock(std::string_view name) { return Locked(*this, name); }

  // A filter's way through the store. A topic that is there from the first slice to the last is
  // seen exactly once, whatever else comes and goes; the value is that of the moment. The store
  // outlives it.
  class Cursor final {
   public:
    ~Cursor() {
      if (place_.node == no_node) return;
      Stripe& stripe = store_.stripes_[stripe_];
      const std::lock_guard guard(stripe.lock);
      stripe.tree.unpin(place_);
    }
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    // visit(std::string_view name, const V&) for up to values_max (at least 1) further topics,
    // under the stripe's lock. Looks at some multiple of that many nodes, so it may give fewer and
    // yet not be done. False when there is nothing more.
    template <class Visit>
    bool collect(std::size_t values_max, const Visit& visit) {
      ASSERT(values_max > 0);
      Budget budget{values_max, values_max * nodes_per_value + retained_stripes};
      while (stripe_ != end_) {
        if (!collect_stripe(budget, visit)) return true;
        ++stripe_;
      }
      return false;
    }

   private:
    friend class RetainedStore;
    static constexpr std::size_t nodes_per_value = 8;
    struct Budget {
      std::size_t values;
      std::size_t nodes;
    };
    Cursor(RetainedStore& store, std::string_view filter, StripeRange range)
        : store_(store), filter_(filter), stripe_(range.first), end_(range.end) {}

    // True when the stripe is done; else the place is pinned.
    template <class Visit>
    bool collect_stripe(Budget& budget, const Visit& visit) {
      Stripe& stripe = store_.stripes_[stripe_];
      const std::lock_guard guard(stripe.lock);
      RetainedTree::Place place;
      if (place_.node == no_node) {
        stripe.tree.start(place);
      } else {
        place = place_;
      }
      const bool done = walk(stripe, place, budget, visit);
      if (!done) stripe.tree.pin(place);
      if (place_.node != no_node) stripe.tree.unpin(place_);
      place_ = done ? RetainedTree::Place{} : std::move(place);
      return done;
    }
    template <class Visit>
    bool walk(const Stripe& stripe, RetainedTree::Place& place, Budget& budget,
              const Visit& visit) {
      while (budget.values > 0 && budget.nodes > 0) {
        if (!stripe.tree.advance(filter_, place)) return true;
        --budget.nodes;
        const auto id = stripe.tree.value(place.node);
        if (id == RetainedTree::no_value || !filter_.ends(place.depth)) continue;
        --budget.values;
        visit(std::string_view(place.name), stripe.values[id]);
      }
      return false;
    }

    RetainedStore& store_;
    const FilterPath filter_;
    std::size_t stripe_;
    const std::size_t end_;
    RetainedTree::Place place_;  // Pinned, unless its node is no_node.
  };
  // The filter is valid and without `$share/`.
  [[nodiscard]] std::unique_ptr<Cursor> open(std::string_view filter) {
    return std::unique_ptr<Cursor>(new Cursor(*this, filter, retained_stripes_of(filter)));
  }

  std::size_t count() const { return count_.load(std::memory_order_relaxed); }
  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Of the store itself, without the values'. Takes every lock in turn: for reports.
  std::size_t memory() const {
    std::size_t sum = sizeof(*this);
    for (const Stripe& stripe : stripes_) {
      const std::lock_guard guard(stripe.lock);
      sum += stripe.tree.memory() + stripe.values.memory();
    }
    return sum;
  }

 private:
  const SizeOf size_of_;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::size_t> bytes_{0};
  std::array<Stripe, retained_stripes> stripes_;
};

}  // namespace topic
