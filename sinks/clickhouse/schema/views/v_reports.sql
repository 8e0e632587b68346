-- Latest version of each report, once: of one identity the highest revision, then the larger content hash.
-- Cost: merges rows on reading (5 to 50 times a plain scan, by how many parts there are) and passes once over the
-- identities of all months
-- (about 0.2 s per million reports on two cores), whatever the filter; conditions on occurred_at, reporter and
-- report_id prune the rest. One report is found faster in reports itself: ORDER BY revision DESC, content_hash DESC
-- LIMIT 1.
SELECT {columns}
FROM reports FINAL
WHERE (reporter, report_id, revision, content_hash) NOT IN
(
    SELECT reporter, report_id, superseded.1, superseded.2
    FROM
    (
        SELECT reporter, report_id, arraySort(groupUniqArray((revision, content_hash))) AS versions
        FROM reports
        WHERE (reporter, report_id) IN
        (
            SELECT reporter, report_id
            FROM reports
            GROUP BY reporter, report_id
            HAVING count() > 1
            SETTINGS optimize_aggregation_in_order = 1
        )
        GROUP BY reporter, report_id
    )
    ARRAY JOIN arrayPopBack(versions) AS superseded
)
SETTINGS do_not_merge_across_partitions_select_final = 1
