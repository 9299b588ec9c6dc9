// Valid topic filters, each with a number, and the matching of a topic name against all of them at
// once. Filters without a wildcard are one hash lookup of the whole text, those with one are walked
// level by level. Owned by an index; one thread, or one lock (const calls may run side by side). A
// match allocates nothing once its scratch has grown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/strong.h"
#include "topic/level_trie.h"

namespace topic {

using FilterId = base::Strong<struct FilterIdTag, std::uint32_t>;

// The working space of a match, kept by the caller so that it is not allocated again.
struct MatchScratch {
  std::vector<FilterId> found;
  std::vector<NodeId> nodes;
  std::vector<NodeId> next_nodes;
};

class FilterMap final {
 public:
  FilterMap();
  // The number is the caller's. The filter may not be there yet.
  void insert(std::string_view filter, FilterId id);
  // The filter must be there.
  void erase(std::string_view filter);
  std::optional<FilterId> find(std::string_view filter) const;
  // Fills scratch.found: the filter equal to the name first, then those with wildcards, by the
  // length of what precedes their #, and those without # last. Depends on the filters and the
  // history of calls only, never on addresses or hash seeds.
  void match(std::string_view name, MatchScratch& scratch) const;
  std::size_t size() const { return size_; }
  std::size_t memory() const { return trie_.memory(); }

 private:
  static constexpr FilterId no_filter{0xffff'ffff};
  // '+' and '#' are fields, not edges: both are asked for at every node of every match.
  struct Branch {
    FilterId filter = no_filter;       // The filter that ends here,
    FilterId hash_filter = no_filter;  // the one that ends here with /#,
    NodeId plus = no_node;             // and the child for +.
  };
  struct Place {
    NodeId node = no_node;
    bool under_hash = false;
  };
  Place locate(std::string_view filter) const;
  Place make_place(std::string_view filter);
  NodeId step(NodeId from, std::string_view level) const;
  NodeId make_step(NodeId from, std::string_view level);
  FilterId& id_at(Place place);
  void prune(NodeId node);
  void match_wildcards(std::string_view name, MatchScratch& scratch) const;
  void advance(std::string_view level, bool wildcards, MatchScratch& scratch) const;

  LevelTrie<Branch> trie_;
  NodeId exact_root_;     // Its children are whole filters without wildcard.
  NodeId wildcard_root_;  // Its children are first levels.
  std::size_t size_ = 0;
};

}  // namespace topic
