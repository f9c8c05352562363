package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"heimdall/gateway/exchange"
)

// textLabels and numberLabels are the columns of the table labels, in the order of labelTexts and labelNumbers; engines
// is between them.
var (
	textLabels = []string{
		"provider", "model", "requested_model", "key_id", "key_name", "status", "app", "user_agent", "vk_id", "vk_name",
		"team_id", "team_name", "customer_id", "customer_name", "rule_id", "rule_name", "op", "object", "dialect", "upstream",
		"finish", "error", "cache", "tier",
	}
	numberLabels = []string{"http_status", "stream", "fallback"}
)

// maxAgent is how many bytes of a User-Agent are a label.
const maxAgent = 200

// labelTexts are what many requests have in common.
func labelTexts(r *exchange.Record) [24]string {
	kind := ""
	if r.Error != nil {
		kind = string(r.Error.Kind)
	}
	who := &r.Identity
	return [24]string{
		r.Provider, r.Model, r.RequestedModel, r.KeyID, r.KeyName, string(r.Status), r.App, agentLabel(r), who.VirtualKeyID,
		who.VirtualKeyName, who.TeamID, who.TeamName, who.CustomerID, who.CustomerName, r.RuleID, r.RuleName, string(r.Op),
		r.Object(), r.Dialect, r.UpstreamDialect, r.Finish.Reason, kind, r.CacheHit, r.Tier,
	}
}

func agentLabel(r *exchange.Record) string {
	if len(r.UserAgent) <= maxAgent {
		return r.UserAgent
	}
	return strings.ToValidUTF8(r.UserAgent[:maxAgent], "")
}

func labelNumbers(r *exchange.Record) [3]int64 {
	stream := int64(0)
	if r.Stream {
		stream = 1
	}
	return [3]int64{int64(r.HTTPStatus), stream, int64(r.Fallback)}
}

// appendLabelKey appends what tells r's label set from others.
func appendLabelKey(key []byte, r *exchange.Record) []byte {
	texts := labelTexts(r)
	for i := range texts {
		key = binary.AppendUvarint(key, uint64(len(texts[i])))
		key = append(key, texts[i]...)
	}
	for _, n := range labelNumbers(r) {
		key = binary.AppendVarint(key, n)
	}
	for i := range r.Routing {
		if e := r.Routing[i].Engine; firstStep(r.Routing, i) {
			key = binary.AppendUvarint(key, uint64(len(e)))
			key = append(key, e...)
		}
	}
	return key
}

// firstStep reports whether no step before the one at i was of the same engine.
func firstStep(steps []exchange.Step, i int) bool {
	for j := range i {
		if steps[j].Engine == steps[i].Engine {
			return false
		}
	}
	return true
}

// engines are the distinct engines that decided where r went.
func engines(r *exchange.Record) []string {
	var all []string
	for i := range r.Routing {
		if firstStep(r.Routing, i) {
			all = append(all, r.Routing[i].Engine)
		}
	}
	return all
}

// textList is the stored form of a list: JSON, ” where it is empty.
func textList(all []string) string {
	if len(all) == 0 {
		return ""
	}
	text, _ := json.Marshal(all) // strings always encode
	return string(text)
}

// readList reads the stored form of a list.
func readList(text string) (all []string) {
	if text != "" {
		_ = json.Unmarshal([]byte(text), &all) // what is no list is none
	}
	return all
}

// Label sets whose IDs are remembered.
const maxLabels = 4096

// labels knows the IDs of label sets.
type labels struct {
	find, insert *sql.Stmt
	ids          map[string]int64 // by key
	key          []byte
}

func prepareLabels(ctx context.Context, db *database) (l labels, err error) {
	l.ids = map[string]int64{}
	if l.find, err = db.prepare(ctx, "SELECT id FROM labels WHERE hash = ?"); err != nil {
		return l, err
	}
	columns := slices.Concat([]string{"hash"}, textLabels, []string{"engines"}, numberLabels)
	l.insert, err = db.prepare(ctx, "INSERT INTO labels ("+strings.Join(columns, ", ")+") VALUES ("+
		placeholders(len(columns))+") RETURNING id")
	return l, err
}

// id finds the ID of a record's label set, which it stores if need be.
func (l *labels) id(ctx context.Context, tx *sql.Tx, r *exchange.Record) (id int64, err error) {
	l.key = appendLabelKey(l.key[:0], r)
	if id, ok := l.ids[string(l.key)]; ok {
		return id, nil
	}
	hash := sha256.Sum256(l.key)
	err = tx.StmtContext(ctx, l.find).QueryRowContext(ctx, hash[:16]).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		args := []any{hash[:16]}
		for _, t := range labelTexts(r) {
			args = append(args, t)
		}
		args = append(args, textList(engines(r)))
		for _, n := range labelNumbers(r) {
			args = append(args, n)
		}
		err = tx.StmtContext(ctx, l.insert).QueryRowContext(ctx, args...).Scan(&id)
	}
	if err != nil {
		return 0, err
	}
	if len(l.ids) >= maxLabels {
		clear(l.ids)
	}
	l.ids[string(l.key)] = id
	return id, nil
}

// forget drops what is remembered: a transaction may have failed that stored some of it.
func (l *labels) forget() { clear(l.ids) }

// sweepLabels drops the label sets that nothing has any more.
func (l *Logs) sweepLabels(ctx context.Context, tx *sql.Tx) error {
	if err := l.rollUp(ctx, tx); err != nil {
		return err
	}
	l.labels.forget()
	_, err := tx.ExecContext(ctx, "DELETE FROM labels WHERE id NOT IN (SELECT labels FROM totals)")
	return err
}
