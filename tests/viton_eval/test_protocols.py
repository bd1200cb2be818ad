import subprocess
import sys
from dataclasses import FrozenInstanceError, fields
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from viton.errors import UsageError
from viton_eval.inception_score import SplitProtocol, inception_score_of_logits
from viton_eval.lpips import Backbone
from viton_eval.protocols import PROTOCOLS, protocol_of
from viton_eval.resizing import Resize, resized
from viton_eval.ssim_variants import Ssim, ssim_by


@pytest.mark.parametrize("name", PROTOCOLS)
def test_each_protocol_names_its_source_and_only_what_there_is(name):
    protocol = protocol_of(name)
    assert protocol.name == name
    assert ".py" in protocol.source
    assert protocol.ssim in get_args(Ssim)
    assert protocol.lpips.backbone in get_args(Backbone)
    parts = [protocol, protocol.lpips, protocol.inception_score, protocol.distribution]
    for part in parts:
        if part is None:
            continue
        assert part.resize in get_args(Resize)
        assert not hasattr(part, "protocol") or part.protocol in get_args(SplitProtocol)
        with pytest.raises(FrozenInstanceError):
            setattr(part, fields(part)[0].name, "other")


@pytest.mark.parametrize("name", [name for name, each in PROTOCOLS.items() if each.inception_score])
def test_settings_of_the_inception_score_are_such_that_it_can_be_made(name):
    settings = PROTOCOLS[name].inception_score
    logits = np.random.default_rng(0).normal(size=(40, 5))
    found = inception_score_of_logits(logits, settings.protocol, settings.splits, settings.seed)
    assert found.splits == settings.splits
    assert (found.std == 0) is (settings.splits == 1)


def test_hr_vitons_ssim_is_scikit_images_on_grey_of_a_true_picture_that_pillow_resized():
    rng = np.random.default_rng(0)
    made, truth = rng.integers(0, 256, (64, 48, 3), np.uint8), rng.integers(0, 256, (128, 96, 3), np.uint8)
    small = Image.fromarray(truth).resize((48, 64), Image.Resampling.BILINEAR)
    greys = [np.asarray(each.convert("L")) for each in (small, Image.fromarray(made))]
    expected = structural_similarity(*greys, data_range=255, gaussian_weights=True, use_sample_covariance=False)
    protocol = PROTOCOLS["hr-viton"]
    true = resized(truth, (64, 48), protocol.resize).astype(np.uint8)
    assert ssim_by(protocol.ssim, made, true) == pytest.approx(expected, abs=1e-12)


def test_the_protocols_differ_in_what_their_papers_are_compared_by():
    ssims = {name: each.ssim for name, each in PROTOCOLS.items()}
    assert ssims["hr-viton"] != ssims["ladi-vton"] == ssims["catvton"]
    assert [each.lpips.backbone for each in PROTOCOLS.values()] == ["alex", "alex", "squeeze"]
    assert PROTOCOLS["hr-viton"].lpips.size == (128, 128)
    assert PROTOCOLS["catvton"].distribution.kernel_factor == 1000 * PROTOCOLS["ladi-vton"].distribution.kernel_factor


def test_an_unknown_protocol_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="expected one of hr-viton, ladi-vton, catvton, got 'idm-vton'"):
        protocol_of("idm-vton")


def test_the_library_measures_without_scikit_image():
    code = "import sys; sys.modules['skimage'] = None; import viton_eval.protocols, viton_eval.ssim_variants"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
