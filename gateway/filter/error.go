package filter

import (
	"fmt"
	"unicode/utf8"
)

// Error says what is wrong with a filter. Column counts bytes from its beginning, and Length says how many are meant.
// Repair is the whole filter mended; "" where nobody can tell.
type Error struct {
	Text    string // the filter
	Column  int
	Length  int
	Message string
	Repair  string
}

// Error says where, counting characters from 1.
func (e *Error) Error() string {
	s := fmt.Sprintf("filter, column %d: %s", utf8.RuneCountInString(e.Text[:e.Column])+1, e.Message)
	if e.Repair != "" {
		s += "; write " + e.Repair
	}
	return s
}
