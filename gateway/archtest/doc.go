// Package archtest holds the house's floors as a test: who may import whom, and which libraries stay in one room.
package archtest
