-- Latest state of each alert, once. Times that have not come are NULL.
-- Cost: merges rows on reading; alerts are few.
SELECT * EXCEPT (version) FROM alerts FINAL
