import time
from community.places.importing import import_places
from tests.community.places.planting import plant_small_district
async def test_load(database, tmp_path):
    await plant_small_district()
    f=tmp_path/"p.csv"
    lines=["类型,名称,上级,所在小区"]
    for g in range(2,102): lines.append(f"网格,第{g}网格,青桐街道/月牙社区,")
    for g in range(2,102):
        for b in range(600): lines.append(f"楼栋,{b}栋,青桐街道/月牙社区/第{g}网格,梨湾老围")
    f.write_text("\n".join(lines))
    for _ in range(2):
        t=time.perf_counter(); r=await import_places(f); print(r.sentences()[:2], time.perf_counter()-t)
