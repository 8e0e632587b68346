package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Correct makes kfake answer as Apache Kafka does where haltwire depends on it:
// append times, and the committed offsets of a group that does not exist. The
// doc comment of the package has the details.
func Correct(cluster *kfake.Cluster) { correct(cluster, time.Now) }

func correct(cluster *kfake.Cluster, now func() time.Time) {
	stampAppendTime(cluster, now)
	answerAbsentGroups(cluster)
}

// Layout of a record batch, magic 2 (Kafka protocol guide, "Record Batch"). The
// checksum covers everything after itself.
const (
	magicAt          = 16
	checksumAt       = 17
	attributesAt     = 21
	firstTimestampAt = 27
	maxTimestampAt   = 35
	batchHeader      = 61
)

// stampAppendTime moves the times of each batch for a LogAppendTime topic to the
// broker's clock before the broker looks at the batch. Setting the timestamp bit
// instead would be exact, but kfake then stamps the batch without renewing its
// checksum, and no reader takes it.
func stampAppendTime(cluster *kfake.Cluster, clock func() time.Time) {
	checksums := crc32.MakeTable(crc32.Castagnoli)
	cluster.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		produce, ok := request.(*kmsg.ProduceRequest)
		if !ok {
			return nil, nil, false
		}
		now := clock().UnixMilli()
		for i := range produce.Topics {
			topic := &produce.Topics[i]
			if !hasAppendTime(cluster, topic) {
				continue
			}
			for j := range topic.Partitions {
				moveTimes(topic.Partitions[j].Records, now, checksums)
			}
		}
		return nil, nil, false
	})
}

func hasAppendTime(cluster *kfake.Cluster, topic *kmsg.ProduceRequestTopic) bool {
	info := cluster.TopicInfo(topic.Topic)
	if topic.Topic == "" {
		info = cluster.TopicIDInfo(topic.TopicID)
	}
	if info == nil {
		return false
	}
	value := info.Configs["message.timestamp.type"]
	return value != nil && *value == "LogAppendTime"
}

// moveTimes moves a batch in time, in place, so that its newest record is of
// now, in ms since 1970. A batch that is not whole or has a wrong checksum is
// left for the broker to refuse.
func moveTimes(batch []byte, now int64, checksums *crc32.Table) {
	if len(batch) < batchHeader || batch[magicAt] != 2 {
		return
	}
	covered := batch[attributesAt:]
	if binary.BigEndian.Uint32(batch[checksumAt:]) != crc32.Checksum(covered, checksums) {
		return
	}
	first := binary.BigEndian.Uint64(batch[firstTimestampAt:])
	newest := binary.BigEndian.Uint64(batch[maxTimestampAt:])
	binary.BigEndian.PutUint64(batch[firstTimestampAt:], uint64(now)-(newest-first))
	binary.BigEndian.PutUint64(batch[maxTimestampAt:], uint64(now))
	binary.BigEndian.PutUint32(batch[checksumAt:], crc32.Checksum(covered, checksums))
}

// answerAbsentGroups answers a question for the committed offsets of one group
// that does not exist with "none" where kfake would answer with an error.
func answerAbsentGroups(cluster *kfake.Cluster) {
	cluster.ControlKey(int16(kmsg.OffsetFetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		fetch, ok := request.(*kmsg.OffsetFetchRequest)
		if !ok {
			return nil, nil, false
		}
		name, many := fetch.Group, len(fetch.Groups) > 1
		if len(fetch.Groups) == 1 {
			name = fetch.Groups[0].Group
		}
		if many || cluster.GroupInfo(name) != nil {
			return nil, nil, false
		}
		cluster.KeepControl()
		return noOffsets(fetch), nil, true
	})
}

func noOffsets(fetch *kmsg.OffsetFetchRequest) *kmsg.OffsetFetchResponse {
	response := fetch.ResponseKind().(*kmsg.OffsetFetchResponse)
	for _, asked := range fetch.Topics {
		topic := kmsg.NewOffsetFetchResponseTopic()
		topic.Topic = asked.Topic
		for _, number := range asked.Partitions {
			partition := kmsg.NewOffsetFetchResponseTopicPartition()
			partition.Partition, partition.Offset = number, -1
			topic.Partitions = append(topic.Partitions, partition)
		}
		response.Topics = append(response.Topics, topic)
	}
	for _, group := range fetch.Groups {
		response.Groups = append(response.Groups, noGroupOffsets(group))
	}
	return response
}

func noGroupOffsets(asked kmsg.OffsetFetchRequestGroup) kmsg.OffsetFetchResponseGroup {
	group := kmsg.NewOffsetFetchResponseGroup()
	group.Group = asked.Group
	for _, askedTopic := range asked.Topics {
		topic := kmsg.NewOffsetFetchResponseGroupTopic()
		topic.Topic, topic.TopicID = askedTopic.Topic, askedTopic.TopicID
		for _, number := range askedTopic.Partitions {
			partition := kmsg.NewOffsetFetchResponseGroupTopicPartition()
			partition.Partition, partition.Offset = number, -1
			topic.Partitions = append(topic.Partitions, partition)
		}
		group.Topics = append(group.Topics, topic)
	}
	return group
}
