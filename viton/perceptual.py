"""Perceptual loss: how unlike two pictures look to VGG-19 (paper, equation 1; Johnson et al. 2016).

B batch, H, W; phi_0 the pixels in [-1,1], phi_1..5 = conv1_2 ... conv5_2 after the ReLU. All reductions are means.

lambda_i: "chosen to scale the loss of each term properly" (paper), no numbers.
    paper    lambda_0 = 1, and lambda_i so that on the calibration set every term is as large as the pixels' (as in CRN,
             Chen and Koltun 2017).  The calibration set: the first 32 photos of the data's training split in the order
             of their names, each against the next and the last against the first, at the working size.
    authors  the same times the share of each term in the authors' code, below.

Terms that are alike may pull unlike: a network of max pooling and ReLUs that is not VGG-19 itself, as the stand-in, has
gradients at its deeper ends that are dozens of times those of the pixels and hardly point to the target, so that little
else is learnt from.  `equal: gradients` makes alike instead what moves the picture: the Euclidean norm of each term's
gradient with respect to it, over the same set.

Why that rescales the authors' numbers to any extractor: they divide the mean absolute differences of Caffe's features
(pictures in 0..255) by 2.12, 3.24, 3.1, 5.5 and 0.16, then all by 128. Such divisors are what CRN's code calls weights
"collected" in training (there 1.6, 2.3, 1.8, 2.8, 0.08): the ratio of a layer's difference to that of the pixels in
0..255, and 128 brings those to [-1,1]. So each term is as large as the pixels' before the last factor, which is 3 times
the mean of five in stage 1 and 0.8 times the mean of three in stage 2. Calibrated terms times 3/5 and 0.8/3 are theirs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from viton.checkpoint import StageFolder, read_tensors
from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.framing import fit_photo
from viton.errors import InputError
from viton.files import read_json, sha256_of, write_json
from viton.images import to_tensor
from viton.stage_config import Equal, Fidelity, PerceptualConfig
from viton.vgg import DEPTHS, Pooling, VggFeatures, vgg_from

TERMS = ("pixels", *DEPTHS)
ALL = tuple(range(len(TERMS)))
CALIBRATION_PHOTOS = 32
POOLING: dict[Fidelity, Pooling] = {"paper": "max", "authors": "average"}  # row 15 of the fidelity notes
AUTHORS_SHARE = {"coarse": 3.0 / 5, "refine": 0.8 / 3}  # of a layer's term, the pixels' being 1 (rows 12 and 14)


class PerceptualLoss(nn.Module):
    """lambda_i |phi_i(image) - phi_i(target)|, a term a depth; its parameters are frozen."""

    def __init__(self, features: VggFeatures, lambdas: Sequence[float], sha256: str) -> None:
        """lambdas: of the six terms.   sha256: of the file of weights.   Raises ValueError unless there are six."""
        super().__init__()
        if len(lambdas) != len(TERMS):
            raise ValueError(f"lambdas: expected {len(TERMS)}, got {len(lambdas)}")
        self.features = features.requires_grad_(False).eval()
        self.lambdas, self.sha256 = tuple(lambdas), sha256

    def forward(self, image: Tensor, target: Tensor, layers: Sequence[int] = ALL) -> dict[str, Tensor]:
        """The weighted terms of `layers` by name ("pixels", "conv1_2", ...), float32 scalars; gradients reach `image`.

        image, target: (B,3,H,W) in [-1,1].   layers: 0 to 5; equation 4 has 3, 4 and 5.
        """
        deepest = max(layers, default=0)
        with torch.no_grad():
            wanted = [target, *(self.features(target, deepest) if deepest else [])]
        given = [image, *(self.features(image, deepest) if deepest else [])]
        return {TERMS[i]: self.lambdas[i] * mean_distance(given[i], wanted[i]) for i in layers}


def mean_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean of |a - b|, a float32 scalar, whatever the precision of a and b; only `a` gets a gradient."""
    distance: Tensor = _MeanDistance.apply(a, b)
    return distance


class _MeanDistance(torch.autograd.Function):
    """As (a.float() - b.float()).abs().mean(), four times as fast on CPUs: nothing is kept but the signs."""

    @staticmethod
    def forward(ctx: FunctionCtx, a: Tensor, b: Tensor) -> Tensor:
        difference = torch.sub(a.float(), b.float() if b.dtype == torch.float64 else b)  # float32 by promotion
        if ctx.needs_input_grad[0]:  # type: ignore[attr-defined]
            ctx.save_for_backward(difference.sign().to(a.dtype))
        return difference.abs_().mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        (sign,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return sign * (gradient / sign.numel()).to(sign.dtype), None


def load_perceptual(
    config: PerceptualConfig,
    proxy: Path | None,
    fidelity: Fidelity,
    images: Tensor,
    folder: Path,
    stage: str = "coarse",
    equal: Equal = "terms",
) -> PerceptualLoss:
    """The loss of an experiment: its extractor, and lambda_i calibrated on `images` or read back from `folder`.

    proxy: folder of the trained stage `proxy`, where the weights are its.   images: as `calibration_images` reads them.
    stage: a key of AUTHORS_SHARE, for fidelity `authors` alone.   equal: what lambda_i makes alike.   Raises InputError
    when the weights cannot be had or are no VGG-19's.
    """
    path, sha256 = _weights(config, proxy)
    features = load_vgg(path, POOLING[fidelity])
    lambdas = stored_lambdas(features, Scales(sha256, POOLING[fidelity], equal), images, folder)
    if fidelity == "authors":
        lambdas = (lambdas[0], *(AUTHORS_SHARE[stage] * each for each in lambdas[1:]))
    return PerceptualLoss(features, lambdas, sha256)


def weights_digest(config: PerceptualConfig, proxy: Path | None) -> str:
    """The sha256 of the extractor's weights, without reading them into a network; raises as `load_perceptual` does."""
    return _weights(config, proxy)[1]


def _weights(config: PerceptualConfig, proxy: Path | None) -> tuple[Path, str]:
    """The file of weights, and its sha256."""
    if config.weights == "proxy":
        if proxy is None:
            raise InputError("perceptual.weights", "a trained stage `proxy`", "none among the stages")
        folder = StageFolder(proxy)
        return folder.weights, folder.digest()
    path = imagenet_file() if config.weights == "imagenet" else Path(config.weights)
    if not path.is_file():
        raise InputError(path, "the weights of VGG-19 (perceptual.weights)", "no such file")
    return path, sha256_of(path)


def imagenet_file() -> Path:
    """Torchvision's VGG-19 in torch.hub's cache, downloaded if need be; raises InputError when it cannot be had."""
    from torchvision.models import VGG19_Weights

    url = VGG19_Weights.IMAGENET1K_V1.url
    name = url.rsplit("/", 1)[1]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), hash_prefix=name[:-4].split("-")[1], progress=False)
    except Exception as error:  # whatever a network, a proxy server, a full disk or a changed file may cause
        raise InputError(
            "perceptual.weights",
            f"VGG-19 from {url}, or {path} (or give a file by --set perceptual.weights=FILE, or train the stand-in: "
            "--set perceptual.weights=proxy)",
            " ".join(str(error).split()) or type(error).__name__,
        ) from error
    return path


def load_vgg(path: Path, pooling: Pooling = "max") -> VggFeatures:
    """The network of a .safetensors or a .pth file, its width read from the shapes; raises InputError.

    Code in a .pth is never run: only tensors are read.
    """
    if path.suffix == ".safetensors":
        return vgg_from(read_tensors(path), path, pooling)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises anything; the reason does not fit a line
        raise InputError(path, "a whole .pth of tensors alone, or a .safetensors", "something else") from error
    if not isinstance(content, dict):
        raise InputError(path, "tensors by name", type(content).__name__)
    tensors = {name: each for name, each in content.items() if isinstance(name, str) and isinstance(each, Tensor)}
    return vgg_from(tensors, path, pooling)


def calibration_images(data: Dataset, size: Size, count: int = CALIBRATION_PHOTOS) -> Tensor:
    """The calibration set: the split's first photos in the order of their names, (N,3,H,W) in [-1,1]."""
    return torch.cat([to_tensor(fit_photo(data.photo(name), size)) for name in islice(data.people, count)])


class Scales(NamedTuple):
    """What decides lambda_i beside the calibration set."""

    extractor: str  # sha256 of its weights
    pooling: Pooling
    equal: Equal


def calibrate(features: VggFeatures, images: Tensor, equal: Equal = "terms") -> tuple[float, ...]:
    """lambda_0..5 that make each term, or its gradient, as large as the pixels', over pictures each against the next,
    the last against the first.

    images: (N,3,H,W) in [-1,1], N at least 2.  Rounded to 6 digits, so that processors agree.  Raises ValueError for
    fewer pictures, or when a depth cannot tell them apart.
    """
    if len(images) < 2:
        raise ValueError(f"calibrate: expected at least 2 pictures, got {len(images)}")
    measure = {"terms": _terms, "gradients": _gradients}[equal]
    sums = torch.zeros(len(TERMS), dtype=torch.float64)
    for one, other in zip(images.split(1), images.roll(1, dims=0).split(1), strict=True):
        sums += measure(features, one, other)
    told = {
        "terms": "pictures that differ in {}, got a mean difference of",
        "gradients": "a gradient of {}, got one of",
    }
    for name, each in zip(TERMS, (sums / len(images)).tolist(), strict=True):
        if not 0 < each < float("inf"):
            raise ValueError(f"calibrate: expected {told[equal].format(name)} {each}")
    return tuple(float(f"{float(sums[0] / each):.6g}") for each in sums)


@torch.no_grad()
def _terms(features: VggFeatures, image: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference at each depth, the pixels first: (6,) float64."""
    pairs = zip([image, *features(image)], [target, *features(target)], strict=True)
    return torch.stack([(a - b).abs().mean() for a, b in pairs]).double().cpu()


def _gradients(features: VggFeatures, image: Tensor, target: Tensor) -> Tensor:
    """Euclidean norm of the gradient of each of these differences with respect to the image: (6,) float64."""
    with torch.enable_grad():
        image = image.detach().requires_grad_()
        with torch.no_grad():
            wanted = [target, *features(target)]
        apart = [(a - b).abs().mean() for a, b in zip([image, *features(image)], wanted, strict=True)]
        norms = [torch.autograd.grad(each, image, retain_graph=True)[0].norm() for each in apart]
    return torch.stack(norms).double().cpu()


def stored_lambdas(features: VggFeatures, scales: Scales, images: Tensor, folder: Path) -> tuple[float, ...]:
    """lambda_0..5 from `folder`, where they lie under what decides them; else calibrated and left there."""
    size = f"{images.shape[2]}x{images.shape[3]}"
    pictures = hashlib.sha256(images.cpu().contiguous().numpy().tobytes()).hexdigest()
    made = {**scales._asdict(), "size": size, "pictures": pictures}
    name = f"lambdas-{scales.extractor[:16]}-{size}-{scales.pooling}-{scales.equal}-{pictures[:8]}.json"
    path = folder / name
    if path.is_file():
        found = read_json(path)
        if isinstance(found, dict) and {key: found.get(key) for key in made} == made:
            return _six(found.get("lambdas"), path)
    try:
        lambdas = calibrate(features, images, scales.equal)
    except ValueError as error:
        raise InputError("perceptual loss", "an extractor and photographs to calibrate it", str(error)) from error
    write_json(path, {**made, "lambdas": lambdas})
    return lambdas


def _six(values: object, path: Path) -> tuple[float, ...]:
    numbers = [float(each) for each in values if isinstance(each, int | float)] if isinstance(values, Iterable) else []
    if len(numbers) != len(TERMS) or not all(0 < each < float("inf") for each in numbers):
        raise InputError(path, f"{len(TERMS)} numbers above 0 under 'lambdas'", repr(values)[:60])
    return tuple(numbers)
