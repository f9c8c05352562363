package observe

import (
	"bytes"
	"container/list"
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

// lists are how the list of messages begins in the bodies of the dialects.
var lists = [...][]byte{[]byte(`"messages":`), []byte(`"input":`), []byte(`"contents":`)}

// messages is the list of a conversation, and what is behind it; nil where there is none. It takes the first list of such
// a name, wherever that is: what else is a list so called is not worth a look at the whole body.
func messages(body []byte) []byte {
	for _, name := range lists {
		for rest := body; ; {
			i := bytes.Index(rest, name)
			if i < 0 {
				break
			}
			if rest = bytes.TrimLeft(rest[i+len(name):], " \t\r\n"); rawjson.IsArray(rest) {
				return rest
			}
		}
	}
	return nil
}

// hashes are those of the beginnings of a conversation: of its first message, of its first two, and so on.
func (c *Chain) hashes(dst []uint64, body []byte) []uint64 {
	list := messages(body)
	marked := bytes.Contains(list, mark)
	var last uint64
	each(list, func(message []byte) {
		h := uint64(0)
		if marked {
			h = c.unmarked(message)
		} else {
			h = maphash.Bytes(c.seed, message)
		}
		last = last*hashMix + h
		dst = append(dst, last)
	})
	return dst
}

// hashMix spreads what a hash is made from over all its bits.
const hashMix = 0x9e3779b97f4a7c15

// opener is how most programs begin a message. Text has it only with its quotes escaped.
var opener = []byte(`{"role":`)

// each gives the messages of a list one by one. Where all begin alike they are found without reading what they say; then
// one that holds such an object itself comes in two pieces, always at the same place.
func each(list []byte, do func(message []byte)) {
	first := bytes.TrimLeft(list[min(1, len(list)):], " \t\r\n")
	if !bytes.HasPrefix(first, opener) {
		for all := rawjson.Array(list); all.Next(); {
			do(all.Value())
		}
		return
	}
	for {
		next := bytes.Index(first[len(opener):], opener)
		if next < 0 {
			break
		}
		next += len(opener)
		do(bytes.TrimRight(first[:next], ", \t\r\n"))
		first = first[next:]
	}
	// Where the last one ends is not told by another.
	if last, err := rawjson.Head(first); err == nil {
		do(last)
	}
}

// mark is what clients move from message to message as a conversation grows: the rest of "cache_control". What begins
// with a letter that is rare is found faster.
var mark = []byte(`_control":`)

const markBegins = `"cache`

// unmarked is the hash of a message but for what moves in it.
func (c *Chain) unmarked(message []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	for {
		i := bytes.Index(message, mark)
		if i < 0 || !bytes.HasSuffix(message[:i], []byte(markBegins)) {
			break
		}
		end := bytes.IndexByte(message[i:], '}')
		if end < 0 {
			break
		}
		_, _ = h.Write(bytes.TrimRight(message[:i-len(markBegins)], ", \t\r\n"))
		message = bytes.TrimLeft(message[i+end+1:], ", \t\r\n")
	}
	_, _ = h.Write(message)
	return h.Sum64()
}
