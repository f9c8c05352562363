package sqlstore

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// spread says how many of many latencies are how long: counts by buckets, each of which is 5 % wider than the one
// before; in order. Negative counts take away.
type spread []bucket

type bucket struct {
	index int64
	count int64
}

const bucketGrowth = 1.05

var logGrowth = math.Log(bucketGrowth)

// bucketOf is the bucket of a latency in microseconds; rowBucket is the same in SQL.
func bucketOf(latency int64) int64 {
	if latency <= 0 {
		return 0
	}
	return 1 + int64(math.Log(float64(latency))/logGrowth)
}

const rowBucket = "CASE WHEN latency <= 0 THEN 0 ELSE 1 + CAST(floor(ln(latency) / 0.04879016416943205) AS BIGINT) END"

// latencyOf is the middle of a bucket.
func latencyOf(index int64) time.Duration {
	if index == 0 {
		return 0
	}
	return time.Duration(math.Exp((float64(index)-0.5)*logGrowth) * float64(time.Microsecond))
}

func (s *spread) add(index, count int64) {
	at, found := slices.BinarySearchFunc(*s, index, func(b bucket, index int64) int { return cmp.Compare(b.index, index) })
	if found {
		(*s)[at].count += count
		return
	}
	*s = slices.Insert(*s, at, bucket{index, count})
}

// addAll adds all of other; s gets new memory.
func (s *spread) addAll(other spread) {
	all := make(spread, 0, len(*s)+len(other))
	a, b := *s, other
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].index < b[0].index:
			all, a = append(all, a[0]), a[1:]
		case a[0].index > b[0].index:
			all, b = append(all, b[0]), b[1:]
		default:
			all = append(all, bucket{a[0].index, a[0].count + b[0].count})
			a, b = a[1:], b[1:]
		}
	}
	*s = append(append(all, a...), b...)
}

// append appends the stored form: pairs of how far the bucket is from the one before, and its count. Empty buckets are
// left out.
func (s spread) append(b []byte) []byte {
	last := int64(0)
	for _, bucket := range s {
		if bucket.count > 0 {
			b = binary.AppendUvarint(b, uint64(bucket.index-last))
			b = binary.AppendUvarint(b, uint64(bucket.count))
			last = bucket.index
		}
	}
	return b
}

// addStored adds what has the stored form; it ends where that breaks.
func (s *spread) addStored(b []byte) {
	stored := make(spread, 0, len(b)/2)
	index := int64(0)
	for len(b) > 0 {
		far, n := binary.Uvarint(b)
		if n <= 0 {
			break
		}
		count, m := binary.Uvarint(b[n:])
		if m <= 0 {
			break
		}
		index += int64(far)
		stored = append(stored, bucket{index, int64(count)})
		b = b[n+m:]
	}
	s.addAll(stored)
}

// percentile is the latency that so many percent do not exceed, to within 2.5 %.
func (s spread) percentile(p float64) time.Duration {
	total := int64(0)
	for _, b := range s {
		total += b.count
	}
	if total <= 0 {
		return 0
	}
	rank := int64(math.Ceil(p / 100 * float64(total)))
	for _, b := range s {
		if rank -= b.count; rank <= 0 {
			return latencyOf(b.index)
		}
	}
	return 0
}
