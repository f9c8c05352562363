package dialecttest_test

import (
	"testing"

	"heimdall/providers/dialect/dialecttest"
)

func TestStreamLosses(t *testing.T) {
	for _, d := range speakers {
		if err := dialecttest.StreamLosses(d); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}
