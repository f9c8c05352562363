package unary

import (
	"bytes"
	"encoding/json"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	rerank   = "rerank"
	rerankV2 = "rerank.v2"
)

// NewRerank gives the dialect of /v1/rerank.
func NewRerank() dialect.Dialect {
	return format{name: rerank, read: readRerank(rerank), ask: askRerank, decode: decodeRanks(rerank),
		answer: answerRerank, scan: scanRanks, failure: wrapped}.dialect()
}

// NewCohereRerank gives the dialect of /v2/rerank. It reads what the other one does, and writes only plain documents
// and no usage object.
func NewCohereRerank() dialect.Dialect {
	return format{name: rerankV2, read: readRerank(rerankV2), ask: askRerankV2, decode: decodeRanks(rerankV2),
		answer: answerRerankV2, scan: scanRanks, failure: plain}.dialect()
}

func readRerank(own string) func([]byte) (*llm.Request, error) {
	return func(body []byte) (*llm.Request, error) {
		k := &llm.Rerank{}
		r := &llm.Request{Rerank: k}
		asked := false
		rest, err := object(body, func(key string, v []byte) (bool, error) {
			switch key {
			case "model":
				return true, dialect.String(&r.Model, v)
			case "query":
				asked = !rawjson.IsNull(v)
				return true, dialect.String(&k.Query, v)
			case "documents":
				return true, decodeDocuments(k, v)
			case "top_n", "top_k":
				return true, dialect.Opt(&k.TopN, v, dialect.Int)
			case "max_tokens_per_doc":
				return true, dialect.Opt(&k.MaxTokensPerDoc, v, dialect.Int)
			case "return_documents":
				if own == rerank {
					return true, dialect.Opt(&k.ReturnDocuments, v, dialect.Bool)
				}
			}
			return false, nil
		})
		switch {
		case err != nil:
			return nil, err
		case !asked:
			return nil, dialect.At("query", dialect.Bad("is missing; it must be a string"))
		case k.Documents == nil:
			return nil, dialect.At("documents", dialect.Bad("is missing; it must be a list of strings"))
		}
		dialect.Keep(&r.Extra, own, rest)
		return r, nil
	}
}

func decodeDocuments(k *llm.Rerank, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	k.Documents = []llm.RerankDocument{}
	return dialect.List(v, "must be a list of strings or objects", func(_ int, v []byte) error {
		var d llm.RerankDocument
		if rawjson.IsString(v) {
			err := dialect.String(&d.Text, v)
			k.Documents = append(k.Documents, d)
			return err
		}
		if !rawjson.IsObject(v) {
			return dialect.Bad("must be a string, or an object with a text")
		}
		d.Raw, d.Text = bytes.Clone(v), string(v)
		if text, ok, _ := rawjson.Get(v, "text"); ok {
			if err := dialect.String(&d.Text, text); err != nil {
				return dialect.At("text", err)
			}
		}
		k.Documents = append(k.Documents, d)
		return nil
	})
}

// rerankOf is what a request asks to rank. It is there wherever the gateway sends requests of this operation.
func rerankOf(r *llm.Request) (*llm.Rerank, error) {
	if r.Rerank == nil {
		return nil, llm.Errorf(llm.KindInvalidRequest, "the request has no documents to rank")
	}
	return r.Rerank, nil
}

func askRerank(r *llm.Request) ([]byte, []llm.Warning, error) {
	k, err := rerankOf(r)
	if err != nil {
		return nil, nil, err
	}
	o := newOut(rerank)
	o.ask(r.Model, k, func(d llm.RerankDocument) {
		if d.Raw != nil {
			o.w.Raw(d.Raw)
			return
		}
		o.w.String(d.Text)
	})
	if k.ReturnDocuments != nil {
		o.w.BoolField("return_documents", *k.ReturnDocuments)
	}
	o.own(r.Extra)
	o.w.Close('}')
	return o.w.B, o.losses.List(), nil
}

// askRerankV2 does not ask for the documents: they are put back from the request.
func askRerankV2(r *llm.Request) ([]byte, []llm.Warning, error) {
	k, err := rerankOf(r)
	if err != nil {
		return nil, nil, err
	}
	o := newOut(rerankV2)
	o.ask(r.Model, k, func(d llm.RerankDocument) {
		o.w.String(d.Text)
		for it := rawjson.Object(d.Raw); it.Next(); {
			if key := string(it.Key()); key != "text" && key != "id" {
				o.losses.Add("documents."+key, "the rerank.v2 dialect ranks only texts")
			}
		}
	})
	o.own(r.Extra)
	o.w.Close('}')
	return o.w.B, o.losses.List(), nil
}

// ask writes what both formats have in common.
func (o *out) ask(model string, k *llm.Rerank, document func(llm.RerankDocument)) {
	w := &o.w
	w.Open('{')
	w.StringField("model", model)
	w.StringField("query", k.Query)
	w.Key("documents")
	w.Open('[')
	for _, d := range k.Documents {
		w.Elem()
		document(d)
	}
	w.Close(']')
	o.integer("top_n", k.TopN)
	o.integer("max_tokens_per_doc", k.MaxTokensPerDoc)
}

func decodeRanks(own string) func([]byte) (*llm.Response, error) {
	return func(body []byte) (*llm.Response, error) {
		r := &llm.Response{}
		rest, err := object(body, func(key string, v []byte) (bool, error) {
			switch key {
			case "id":
				return true, dialect.String(&r.ID, v)
			case "model":
				return true, dialect.String(&r.Model, v)
			case "results", "data":
				return true, decodeRankList(r, v)
			case "usage", "meta":
				if u := decodeUsage(v); u != nil && (r.Usage == nil || u.Input > 0) {
					r.Usage = u
				}
				return true, nil
			}
			return key == "object", nil
		})
		if err != nil {
			return nil, err
		}
		if r.Ranks == nil {
			return nil, dialect.At("results", dialect.Bad("must be a list"))
		}
		dialect.Keep(&r.Extra, own, rest)
		return r, nil
	}
}

func decodeRankList(r *llm.Response, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	r.Ranks = []llm.Rank{}
	return dialect.List(v, "must be a list", func(i int, v []byte) error {
		k := llm.Rank{Score: "0"}
		index := int64(i)
		_, err := object(v, func(key string, v []byte) (bool, error) {
			switch key {
			case "index":
				return true, dialect.Int(&index, v)
			case "relevance_score", "score":
				if _, ok := rawjson.Float(v); !ok {
					return true, dialect.Bad("must be a number")
				}
				k.Score = json.Number(v)
			case "document":
				if !rawjson.IsNull(v) {
					k.Document = bytes.Clone(v)
				}
			}
			return true, nil
		})
		k.Index = int(index)
		r.Ranks = append(r.Ranks, k)
		return err
	})
}

func answerRerank(req *llm.Request, r *llm.Response) ([]byte, []llm.Warning) {
	o := newOut(rerank)
	w := &o.w
	w.Open('{')
	w.StringField("id", identity("rerank-", r))
	o.ranks(r, func(k llm.Rank) {
		if doc := document(req, k); doc != nil {
			w.RawField("document", doc)
		}
	})
	model := r.Model
	if model == "" && req != nil {
		model = req.Model
	}
	w.StringField("model", model)
	o.usage(r.Usage)
	o.own(r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

// document is what a client gets back of a document: what the provider gave, else what the client sent if it asked.
func document(req *llm.Request, k llm.Rank) json.RawMessage {
	if k.Document != nil || req == nil || req.Rerank == nil {
		return k.Document
	}
	in := req.Rerank
	if in.ReturnDocuments == nil || !*in.ReturnDocuments || k.Index < 0 || k.Index >= len(in.Documents) {
		return nil
	}
	if d := in.Documents[k.Index]; d.Raw != nil {
		return d.Raw
	}
	var w rawjson.Writer
	w.Open('{')
	w.StringField("text", in.Documents[k.Index].Text)
	w.Close('}')
	return w.B
}

func answerRerankV2(_ *llm.Request, r *llm.Response) ([]byte, []llm.Warning) {
	o := newOut(rerankV2)
	w := &o.w
	w.Open('{')
	w.StringField("id", identity("rerank-", r))
	o.ranks(r, func(k llm.Rank) {
		if k.Document != nil {
			w.RawField("document", k.Document) // older clients of the endpoint read it
		}
	})
	o.meta(r.Usage)
	o.own(r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

// ranks writes the results; more adds what a format has besides the place and the score.
func (o *out) ranks(r *llm.Response, more func(llm.Rank)) {
	w := &o.w
	w.Key("results")
	w.Open('[')
	for _, k := range r.Ranks {
		w.Elem()
		w.Open('{')
		w.IntField("index", int64(k.Index))
		w.RawField("relevance_score", []byte(k.Score))
		more(k)
		w.Close('}')
	}
	w.Close(']')
}

// scanRanks reads the usage, which stands under one name or the other.
func scanRanks(body []byte) dialect.Scan {
	s := scanFor("usage")(body)
	if !s.HasUsage {
		s = scanFor("meta")(body)
	}
	return s
}
