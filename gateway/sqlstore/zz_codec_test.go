package sqlstore
import ("testing";"fmt";"github.com/klauspost/compress/s2";"github.com/klauspost/compress/zstd")
func TestZZ(t *testing.T){
 for _,kind:=range []string{"agents","single 4+1","noise 4+1"} {
  for _,limit:=range []int{64<<10,256<<10,1<<20,2<<20} {
  tr:=newTraffic()
  var blocks [][]byte; n:=0
  raw:=0
  for w:=0;w<600;w++ { tr.agents() }
  cur:=[]byte{}
  for raw < 24<<20 { var e exchanged
   switch kind { case "agents": e=tr.agents(); case "single 4+1": e=tr.single(4096,800); default: e=tr.noise(4096,1024)}
   raw+=len(e.request)+len(e.response); n++
   cur=append(append(cur,e.request...),e.response...)
   if len(cur)>=limit { blocks=append(blocks,cur); cur=nil }
  }
  fast,_:=zstd.NewWriter(nil,zstd.WithEncoderLevel(zstd.SpeedFastest),zstd.WithEncoderConcurrency(1),zstd.WithWindowSize(4<<20),zstd.WithEncoderCRC(false))
  def,_:=zstd.NewWriter(nil,zstd.WithEncoderLevel(zstd.SpeedDefault),zstd.WithEncoderConcurrency(1),zstd.WithWindowSize(4<<20),zstd.WithEncoderCRC(false))
  nolit,_:=zstd.NewWriter(nil,zstd.WithEncoderLevel(zstd.SpeedFastest),zstd.WithEncoderConcurrency(1),zstd.WithWindowSize(4<<20),zstd.WithEncoderCRC(false),zstd.WithNoEntropyCompression(true))
  var dst []byte
  for _,c:=range []struct{name string; f func([]byte)[]byte}{
   {"s2",func(b []byte)[]byte{ m:=s2.MaxEncodedLen(len(b)); if cap(dst)<m {dst=make([]byte,m)}; return s2.Encode(dst[:cap(dst)],b)}},
   {"s2 better",func(b []byte)[]byte{ return s2.EncodeBetter(dst[:cap(dst)],b)}},
   {"zstd fastest",func(b []byte)[]byte{ return fast.EncodeAll(b,dst[:0])}},
   {"zstd no entropy",func(b []byte)[]byte{ return nolit.EncodeAll(b,dst[:0])}},
   {"zstd default",func(b []byte)[]byte{ return def.EncodeAll(b,dst[:0])}},
  } {
   for _,b:=range blocks[:2] { c.f(b) }
   best:=1e9; out:=0
   for r:=0;r<3;r++ { out=0; s:=cpuTime(); for _,b:=range blocks { out+=len(c.f(b)) }; best=min(best,float64((cpuTime()-s).Microseconds()))}
   rec:=float64(n)
   fmt.Printf("%-11s block %4dK %-16s %6.1f µs/rec %6.2f KB/rec of %5.1f  ratio %.1f\n",kind,limit>>10,c.name,best/rec,float64(out)/rec/1024,float64(raw)/rec/1024,float64(raw)/float64(out))
  }}}
}
