"""Word classes that the features speak of: common nouns, governing words, hardware, speed.

General vocabulary of the field, written down by hand; no name of a dataset, method or paper.
"""

from __future__ import annotations

import re
from functools import lru_cache

from extractor.candidates.document import word_set

# Common nouns behind or before a name, by their singular.
_COMMON_NOUNS = word_set(
    "dataset datasets data benchmark benchmarks corpus corpora task tasks suite challenge"
    " competition leaderboard database databases collection testbed environment environments"
    " simulator domain domains game games test set sets split images videos"
    " model models network networks method methods algorithm algorithms framework frameworks"
    " architecture architectures approach approaches system systems tool toolkit library platform"
    " pipeline strategy module loss layer layers block scheme technique mechanism policy planner"
    " solver optimizer estimator detector encoder decoder transformer package software paradigm"
    " protocol language agent agents"
    " gpu gpus cpu cpus tpu tpus processor processors chip chips board boards fpga fpgas device"
    " devices microcontroller accelerator accelerators supercomputer phone smartphone laptop"
    " hardware machine machines server servers cluster clusters cores core node nodes computer"
    " computers supercomputers workstation laptops phones smartphones smartwatch headset"
    " microcontrollers mcu mcus npu npus asic asics dpu dpus soc socs annealer annealers qpu qpus"
    " qubit qubits backend backends interconnect interconnects enclave enclaves card cards silicon"
    " robot robots arm drone quadrotor quadcopter"
    " humanoid camera sensor hand vehicle"
    " problem problems theory theorem metric score conference workshop university institute"
    " languages english project website page"
)
COMMON_NOUNS = {word: word.rstrip("s") for word in _COMMON_NOUNS}
# What such a noun calls a thing, where it says that.
_DATA_NOUNS = word_set(
    "dataset datasets benchmark benchmarks corpus corpora suite challenge competition leaderboard"
    " database databases collection testbed"
)
_METHOD_NOUNS = word_set(
    "model models network networks method methods algorithm algorithms framework frameworks"
    " architecture architectures approach approaches system systems tool toolkit library pipeline"
    " strategy module scheme technique mechanism solver optimizer estimator detector package"
    " software paradigm protocol agent agents"
)
# Words that govern a name from the left.
GOVERNORS = word_set(
    "propose proposed proposes proposing present presents presented presenting introduce"
    " introduces introduced introducing develop developed develops design designed create created"
    " build built release released releasing called named dubbed termed namely coined contribute"
    " construct constructed provide describe offer"
    " outperform outperforms outperforming surpass surpasses beats exceeds compared versus over"
    " than baseline baselines methods models existing including like such e.g"
    " on evaluate evaluated evaluation experiments experiment tested test validated demonstrate"
    " demonstrated results benchmark benchmarks datasets dataset corpora trained training"
    " collected across performance state-of-the-art"
    " running run runs implemented deployed measured single using used use based via extend"
    " extends improve executed benchmarked synthesized fabricated ported targeting targets"
    " prototype prototyped simulated equipped optimized"
)
# Verbs with which a paper gives its own things, and names.
INTRODUCING = word_set(
    "propose proposes proposed proposing present presents presented presenting introduce"
    " introduces introduced introducing develop develops developed design designs designed create"
    " created build built release releases released describe describes contribute construct"
    " constructed offer unveil devise devised implement"
)
NAMING = word_set("called named dubbed termed coined namely")
# Words that tell what a sentence is about.
TOPICS = word_set(
    "propose present introduce called named dubbed experiments evaluate evaluated evaluation"
    " results datasets dataset benchmarks benchmark outperforms outperform state-of-the-art gpu"
    " gpus faster speedup fps code available corpus corpora trained release tasks compared"
    " hardware implemented real-time hz processor cpu nvidia we our paper validate tested"
    " demonstrate achieves fpga quantum qubits board embedded edge accelerator chip device devices"
    " deployed deployment processors platforms supercomputer nodes microcontroller"
)
LIST_SIGNS = frozenset((",", "and", "or", "&", "/", ";", "(", ")", "-"))
GENERIC_TAILS = word_set(
    "dataset datasets data benchmark benchmarks corpus corpora challenge suite suites database"
    " databases collection leaderboard dev test set sets testset collections"
    " gpu gpus cpu cpus tpu tpus chip chips processor processors fpga fpgas board boards"
    " microcontroller accelerator supercomputer phone smartphone laptop device platform core"
    " cores soc kit nano smartphones devices cluster clusters phones accelerators"
    " microcontrollers hardware vision cloud mcu mcus series zero computer"
)

_VENDORS = word_set(
    "nvidia intel amd arm qualcomm xilinx altera apple samsung google huawei cerebras graphcore"
    " groq nxp ti broadcom mediatek rockchip ibm tesla texas stmicroelectronics espressif sifive"
    " lattice habana tenstorrent sambanova hailo kneron ambarella microchip freescale cray fujitsu"
    " kalray adapteva brainchip syntiant microsoft meta marvell mellanox upmem hygon loongson hpe"
    " dell lenovo siemens infineon renesas terasic digilent sipeed bitmain furiosa axelera"
    " lightmatter d-wave dwave ionq rigetti quantinuum quera pasqal iqm "
    " micron biren enflame "
)
# Product names that mean a device wherever they stand.
_DEVICES = word_set(
    "jetson tegra geforce gtx rtx quadro xeon epyc ryzen threadripper celeron pentium opteron"
    " snapdragon adreno exynos iphone ipad ipod macbook imac raspberry arduino arduinos esp32"
    " esp8266 stm32 stm32f4 stm32f7 stm32h7 nrf52840 nrf52 msp430 rp2040 teensy beaglebone odroid"
    " tpuv2 tpuv3 tpuv4 movidius loihi spinnaker truenorth akida tianjic brainscales cerebras"
    " cortex alveo zynq virtex kintex artix stratix ultrascale versal zcu102 zcu104 pynq ultra96"
    " fugaku perlmutter taihulight hololens oculus gap8 gap9 kendryte k210 rk3588 rk3399"
    " playstation xbox dgx hgx gb200 gh200 v100 v100s a100 h100 h200 h800 b200 a800 a6000 a5000"
    " a4000 a40 l40s a10g p100 k80 mi250 mi250x mi300 mi300x mi210 mi100 mi50 radeon kirin bionic"
    " hexagon dimensity gaudi trainium inferentia tx1 tx2 ncs2 titanx xp i3 i5 i7 i9 omap"
    " atmega328p nuc wse knl b100 b300 gb300 h20 l20 mi300a mi325x mi350x mi355x mi60 a64fx"
    " kunpeng trillium ironwood tpuv5 tpuv6 kria kv260 kr260 u55c vck190 vck5000 vek280 zcu111"
    " zedboard zynqmp rfsoc de10 de10-nano de1-soc nexys basys agilex ice40 ecp5 nucleo m5stack"
    " m5stickc esp32s3 esp32c3 max78000 max78002 gd32 stm32n6 stm32u5 stm32l4 stm32mp1 nrf5340"
    " nrf52832 nrf9160 attiny hikey khadas bluefield connectx tofino grayskull supermuc"
    " marenostrum juwels jureca meluxina karolina mahti puhti snellius archer2 isambard tsubame"
    " abci lassen stampede2 stampede3 zuchongzhi jiuzhang sycamore aquila ankaa ibmq sgx tdx"
    " trustzone upmem infiniband nvlink phytium hygon loongson thinkpad chromebook"
    " rv64gc gracehopper"
)
# Names of device families that are also ordinary words or names of other things.
_AMBIGUOUS_DEVICES = word_set(
    "xavier orin nano agx drive titan tesla hopper blackwell ampere volta turing pascal kepler"
    " ada lovelace maxwell k40 k20 t4 l4 l40 a10 a30 m40 p40 p4 core atom phi neon mali pixel"
    " galaxy m1 m2 m3 m4 mac pi pis esp stm edge tpu tpus coral myriad ncs dynap memristor ipu"
    " ipus ascend cambricon kunlun rocm arria cyclone spartan u250 u280 u50 summit frontier"
    " polaris aurora sunway tianhe quest pulp risc-v npu npus dsp vliw wii psp nexus oneplus"
    " xiaomi redmi s10 s20 s21 s22 s23 s24 p30 mate sparc power8 power9 blue gene nehalem haswell"
    " skylake broadwell icelake rapids zen2 optane fpga fpgas asic asics cgra cuda avx avx2 avx512"
    " aws ec2 arc grace trn1 trn2 inf1 inf2 studio silicon m-series a-series pico watch aria"
    " glasses leap helio instinct epiphany helium sve sev leonardo lumi alps capitan jupiter eagle"
    " bridges delta vega piz daint heron osprey falcon willow forte aspen advantage chimera"
    " pegasus zephyr thor superchip supercloud superpod pod wafer-scale qpu qpus simd vpu vpus dpu"
    " dpus cxl"
)
_GENERIC_DEVICES = word_set(
    "gpu gpus cpu cpus processor processors chip chips board boards microcontroller"
    " microcontrollers mcu mcus soc laptop phone phones smartphone smartphones supercomputer"
    " accelerator accelerators workstation workstations cores device devices cluster clusters"
    " computer computers microprocessor microprocessors tablet tablets laptops supercomputers"
    " server servers node nodes socs qubit qubits annealer annealers backend backends headset"
    " headsets smartwatch interconnect interconnects card cards smartnic smartnics hardware"
    " platform platforms machine machines enclave enclaves desktop superchips testbed controller"
    " plc"
)
_DEVICE_NUMBER = re.compile(r"(?:gtx|rtx|tpu-?v|cortex-?[amr])\d|ibmq?_[a-z]")
_MODEL_NUMBER = re.compile(
    r"(?:(?:gtx|rtx|gt|rx|mi|tpu|i[3579]|m|a|v|h|p|k|t|l|b|gb|gh|sm|sd|xc|zc|zcu|vc|vcu|stm|esp"
    r"|nrf|rk|cs|ncs|tx|agx|e[357])-?v?\d{1,5}(?:ti|x|xt|s|m|k|h|hq|u|super|g|gb)?"
    r"|\d{3,4}(?:ti|x|super|m|k|h|hq|u)|v\d|e[357]|\d{1,3}gb|cortex-?[amr]\d+\w*"
    r"|i[3579]-?\d{3,5}\w*)"
)
_COUNTED = re.compile(r"[a-z0-9-]*\d[a-z]?s")  # "A100s"


@lru_cache(maxsize=10_000)
def hardware_class(word: str) -> str | None:
    """A word's part in a device's name: vendor, device, family, model number, generic noun.

    As one letter: V, D, F, M or G; None for any other word.
    """
    word = word.lower().strip("-.,()")
    if _COUNTED.fullmatch(word):
        word = word[:-1]
    stem = re.split(r"[-_]", word)[0]
    if word in _VENDORS:
        return "V"
    spellings = {word, stem, word.replace("-", "")}
    if not _DEVICES.isdisjoint(spellings) or _DEVICE_NUMBER.match(word):
        return "D"
    if word in _AMBIGUOUS_DEVICES or stem in _AMBIGUOUS_DEVICES:
        return "F"
    if _MODEL_NUMBER.fullmatch(word):
        return "M"
    return "G" if word in _GENERIC_DEVICES else None


def noun_class(word: str) -> str | None:
    """Whether a common noun stands for data, a method or a device; None for any other."""
    if word in _DATA_NOUNS:
        return "data"
    if word in _METHOD_NOUNS:
        return "method"
    return "device" if hardware_class(word) in {"F", "G"} else None


def _classes(table: str) -> dict[str, str]:
    classes: dict[str, str] = {}
    for line in table.split(";"):
        name, *words = line.split()
        classes.update(dict.fromkeys(words, name))
    return classes


# What a number may be about: speed and time ...
SPEED_WORDS = _classes(
    "faster faster speedup speedups speed-up speed-ups speeding sped accelerate accelerates"
    " accelerated accelerating acceleration accelerations quicker quickly rapidly faster-than;"
    "fast fast fastest; speed speed speeds throughput throughputs goodput"
    " fps qps rps tps iops;"
    "time latency latencies runtime runtimes run-time time clock delay delays wall-clock walltime"
    " ttft tbt tpot jct makespan duration durations timing response; times times;"
    " slow slower slow slowdown; converge converge converges convergence;"
    "process training inference execution decoding generation runs running run train trains"
    " processing planning; compute computation computational computations; efficient efficient"
    " efficiency; overhead overhead; hours hours seconds; live real-time realtime; boost boost;"
    "tokens tokens; rate rate rates"
)
# ... or something else.
OTHER_WORDS = _classes(
    "quality accuracy accurate precision recall map ap f1 bleu score scores points success better"
    " psnr loss perplexity win relative absolute regret variance correct probability;"
    "error error errors; calls calls hits hit utilization occupancy coverage agreement"
    " likelihood; improvement improvement improvements; performance performance;"
    "size memory parameters params flops flop macs size smaller storage compression compress"
    " compressed sparsity footprint lighter; energy energy power area; cost cost costs;"
    "data samples data sample labels fewer queries; steps steps epochs iterations; gain gain gains;"
    "bandwidth bandwidth communication traffic; resolution resolution upsampling super-resolution;"
    "length larger length longer context width; up increase increases higher more;"
    "down reduction reduces reduce reducing reduced less lower decrease; model model models"
)
# Words before a URL that say what is there.
CODE_WORDS = word_set(
    "code codes source implementation implementations software repository repositories github"
    " open-source open-sourced opensource open-sourcing codebase toolkit library package"
    " scripts"
)
OTHER_PAGE_WORDS = word_set(
    "demo demos video videos page website site samples sample dataset datasets data models"
    " checkpoints supplementary appendix material results project visualizations weights download"
    " webpage blog information details"
)
