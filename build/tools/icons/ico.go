package main

import (
	"bytes"
	"encoding/binary"
)

// The ICO format: a directory and, for each size, a bitmap of 32 bits a pixel, bottom row first, followed by a mask of
// one bit a pixel (https://learn.microsoft.com/en-us/previous-versions/ms997538(v=msdn.10)).

const (
	dirHeader  = 6
	dirEntry   = 16
	infoHeader = 40
)

func icoOf(draw picture, sizes ...int) []byte {
	var dir, images bytes.Buffer
	put(&dir, uint16(0), uint16(1), uint16(len(sizes)))
	offset := dirHeader + dirEntry*len(sizes)
	for _, size := range sizes {
		b := bitmap(draw, size)
		put(&dir, uint8(size), uint8(size), uint8(0), uint8(0), uint16(1), uint16(32), uint32(len(b)), uint32(offset))
		offset += len(b)
		images.Write(b)
	}
	return append(dir.Bytes(), images.Bytes()...)
}

func bitmap(draw picture, size int) []byte {
	img := render(draw, size)
	maskRow := (size + 31) / 32 * 4
	var b bytes.Buffer
	put(&b, uint32(infoHeader), int32(size), int32(2*size), uint16(1), uint16(32), uint32(0),
		uint32(size*size*4+maskRow*size), int32(0), int32(0), uint32(0), uint32(0))
	for y := size - 1; y >= 0; y-- {
		for x := range size {
			c := img.NRGBAAt(x, y)
			b.Write([]byte{c.B, c.G, c.R, c.A})
		}
	}
	b.Write(make([]byte, maskRow*size)) // the alpha channel decides
	return b.Bytes()
}

func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		binary.Write(b, binary.LittleEndian, v) // a buffer takes everything
	}
}
