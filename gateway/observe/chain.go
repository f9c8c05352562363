package observe

import (
	"bytes"
	"container/list"
	"encoding/binary"
	"hash/maphash"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	// Conversations that are remembered, and for how long after their last request.
	maxChains   = 4096
	chainExpiry = 6 * time.Hour
)

// Chain finds the session of requests that name none: a request whose messages begin with all the messages of an earlier
// one goes on with that one's conversation. A conversation is a session from its second request on, named by the ID of its
// first, which the store adds to it. It is used by one goroutine.
type Chain struct {
	seed  maphash.Seed
	known map[uint64]*list.Element // by the hash of all messages so far
	used  *list.List               // of link, the latest first
}

// link is where a conversation stands.
type link struct {
	hash    uint64
	session string // the ID of its first request
	at      time.Time
}

// NewChain makes one that knows no conversation.
func NewChain() *Chain {
	return &Chain{seed: maphash.MakeSeed(), known: map[uint64]*list.Element{}, used: list.New()}
}

// Continue gives a record the session that it goes on with, and reports whether it did. One that has a session, or whose
// conversation can't be read, stays as it is.
func (c *Chain) Continue(r *exchange.Record) bool {
	if r.SessionID != "" || r.Op != llm.OpChat || len(r.Request.Data) == 0 || r.Request.Cut() {
		return false
	}
	var buf [64]uint64
	hashes := c.hashes(buf[:0], r.Request.Data)
	if len(hashes) == 0 {
		return false
	}
	begun := r.ID
	for i := len(hashes) - 2; i >= 0; i-- { // one more message at least
		e, ok := c.known[hashes[i]]
		if !ok {
			continue
		}
		if l := e.Value.(link); r.Time.Sub(l.at) < chainExpiry {
			begun, r.SessionID = l.session, l.session
			c.forget(e)
			break
		}
	}
	c.remember(link{hashes[len(hashes)-1], begun, r.Time})
	return r.SessionID != ""
}

func (c *Chain) remember(l link) {
	if old, ok := c.known[l.hash]; ok {
		c.forget(old)
	}
	c.known[l.hash] = c.used.PushFront(l)
	if c.used.Len() > maxChains {
		c.forget(c.used.Back())
	}
}

func (c *Chain) forget(e *list.Element) {
	delete(c.known, e.Value.(link).hash)
	c.used.Remove(e)
}

// lists are the names under which the dialects have the messages of a conversation.
var lists = [...]string{"messages", "input", "contents"}

// hashes are those of the beginnings of a conversation: of its first message, of its first two, and so on.
func (c *Chain) hashes(dst []uint64, body []byte) []uint64 {
	for _, name := range lists {
		messages, found, err := rawjson.Get(body, name)
		if !found || err != nil || !rawjson.IsArray(messages) {
			continue
		}
		var last uint64
		for all := rawjson.Array(messages); all.Next(); {
			var h maphash.Hash
			h.SetSeed(c.seed)
			var before [8]byte
			binary.LittleEndian.PutUint64(before[:], last)
			_, _ = h.Write(before[:])
			write(&h, all.Value())
			last = h.Sum64()
			dst = append(dst, last)
		}
		return dst
	}
	return dst
}

// mark is what clients move from message to message as a conversation grows.
var mark = []byte(`"cache_control":`)

// write hashes a message but for what moves in it.
func write(h *maphash.Hash, message []byte) {
	for {
		i := bytes.Index(message, mark)
		if i < 0 {
			break
		}
		end := bytes.IndexByte(message[i:], '}')
		if end < 0 {
			break
		}
		_, _ = h.Write(bytes.TrimRight(message[:i], ", \t\r\n"))
		message = bytes.TrimLeft(message[i+end+1:], ", \t\r\n")
	}
	_, _ = h.Write(message)
}
