package peer

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Sizes and places in the messages of sock_diag(7), which are in this machine's byte order but for ports and addresses.
const (
	requestSize = unix.SizeofNlMsghdr + 56 // struct inet_diag_req_v2
	answerSize  = unix.SizeofNlMsghdr + 72 // struct inet_diag_msg
	stateAt     = unix.SizeofNlMsghdr + 1
	inodeAt     = answerSize - 4
	errnoAt     = unix.SizeofNlMsghdr // of an answer that is an error
	anyCookie   = 0xffffffff
	stateListen = 10
)

var errDiag = errors.New("the kernel does not answer as sock_diag(7) says")

// diagnose asks the kernel for the inodes of sockets. What it does not know is left out.
func diagnose(wanted []Socket) (map[uint64]Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	inodes := map[uint64]Socket{}
	for _, s := range wanted {
		inode, err := ask(fd, s)
		if err != nil {
			return nil, err
		}
		if inode != 0 { // a socket that no program has any more has none
			inodes[inode] = s
		}
	}
	return inodes, nil
}

// ask gives the inode of one socket, 0 where there is none. The kernel answers before the question's send returns.
func ask(fd int, s Socket) (uint64, error) {
	question := request(s)
	if err := unix.Sendto(fd, question[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, err
	}
	var answer [1024]byte
	n, _, err := unix.Recvfrom(fd, answer[:], unix.MSG_DONTWAIT)
	if err != nil {
		return 0, err
	}
	switch kind := binary.NativeEndian.Uint16(answer[4:]); {
	case kind == unix.SOCK_DIAG_BY_FAMILY && n >= answerSize && answer[stateAt] == stateListen:
		return 0, nil // the connection is over, and somebody listens on its port
	case kind == unix.SOCK_DIAG_BY_FAMILY && n >= answerSize:
		return uint64(binary.NativeEndian.Uint32(answer[inodeAt:])), nil
	case kind == unix.NLMSG_ERROR && n >= errnoAt+4 && int32(binary.NativeEndian.Uint32(answer[errnoAt:])) == -int32(unix.ENOENT):
		return 0, nil
	}
	return 0, errDiag
}

func request(s Socket) (b [requestSize]byte) {
	native := binary.NativeEndian
	native.PutUint32(b[0:], requestSize)
	native.PutUint16(b[4:], unix.SOCK_DIAG_BY_FAMILY)
	native.PutUint16(b[6:], unix.NLM_F_REQUEST)
	r := b[unix.SizeofNlMsghdr:]
	r[0], r[1] = unix.AF_INET6, unix.IPPROTO_TCP
	if s.Local.Addr().Is4() {
		r[0] = unix.AF_INET
	}
	native.PutUint32(r[4:], anyCookie) // in any state
	id := r[8:]
	binary.BigEndian.PutUint16(id[0:], s.Local.Port())
	binary.BigEndian.PutUint16(id[2:], s.Remote.Port())
	put(id[4:20], s.Local.Addr())
	put(id[20:36], s.Remote.Addr())
	native.PutUint32(id[40:], anyCookie)
	native.PutUint32(id[44:], anyCookie)
	return b
}

func put(b []byte, a netip.Addr) { copy(b, a.AsSlice()) }
