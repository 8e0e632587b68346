package window

// Compact copies every shard into new memory, idle or not.
func (s *Store) Compact() {
	for sh := range s.shards {
		s.compactShard(sh)
	}
}
