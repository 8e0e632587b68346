-- Inputs that could not be used, each once, with the original bytes.
-- Cost: merges rows on reading; conditions on topic, partition and offset prune.
SELECT * FROM dead_letters FINAL
